"""The reference pages: every public name of a module, from its signature and docstring as they are at run time."""

import importlib
import inspect
import re

from griffe import Docstring, DocstringSectionKind

# Sphinx' roles, such as :func:`softmax`, are shown as code.
DOUBLE = re.compile(r"(?<!`)``(?!`)")
ROLE = re.compile(r":(?:func|class|meth|mod|attr|data):`~?\.?([^`]+)`")


def module_page(name):
    """A module's docstring, then each name of its `__all__`; submodules that are names are linked by the navigation."""
    module = importlib.import_module(name)
    parts = [text(inspect.getdoc(module) or "")]
    for key in sorted(module.__all__):
        value = getattr(module, key)
        if not inspect.ismodule(value):
            parts.append(item(key, value))
    return "\n\n".join(parts)


def item(key, value):
    """A function or class, with its public methods and properties."""
    parts = [f"## {key}", call(key, value), text(inspect.getdoc(value) or "")]
    if inspect.isclass(value):
        for name, member in vars(value).items():
            if name.startswith("_"):
                continue
            if isinstance(member, property):
                parts += [f"### {key}.{name}", text(inspect.getdoc(member) or "")]
            elif callable(getattr(value, name)) and inspect.getdoc(member):
                parts += [f"### {key}.{name}", call(name, getattr(value, name)), text(inspect.getdoc(member))]
    return "\n\n".join(part for part in parts if part)


def call(name, value):
    """The signature as code, without annotations; nothing where there is none."""
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):
        return ""
    parameters = [
        parameter.replace(annotation=parameter.empty)
        for parameter in signature.parameters.values()
        if parameter.name != "self"
    ]
    return f"```python\n{name}{inspect.Signature(parameters)}\n```"


def text(docstring):
    """A docstring as Markdown."""
    parts = []
    for section in Docstring(docstring).parse("google", warnings=False):
        parts.append(RENDERERS.get(section.kind, prose)(section))
    return DOUBLE.sub("`", ROLE.sub(r"`\1`", "\n\n".join(parts)))


def prose(section):
    """Text without changes."""
    return str(section.value)


def listed(title):
    """A renderer for sections that list names: arguments, errors."""

    def render(section):
        lines = [f"**{title}**\n"]
        for item in section.value:
            name = getattr(item, "name", None) or getattr(item, "annotation", "")
            description = " ".join(item.description.split())
            lines.append(f"- `{name}`: {description}" if name else f"- {description}")
        return "\n".join(lines)

    return render


def returned(section):
    """What is returned, without names."""
    return "**Returns**\n\n" + "\n".join(
        " ".join(f"{item.annotation or ''} {item.description}".split()) for item in section.value
    )


def examples(section):
    """Examples as code, with the prose in between unchanged."""
    lines = ["**Example**"]
    for kind, value in section.value:
        lines.append(f"```pycon\n{value}\n```" if kind is DocstringSectionKind.examples else value)
    return "\n\n".join(lines)


def note(section):
    """A section with a title that is not one of the known ones: an example, mostly."""
    body = section.value.description
    shown = f"```pycon\n{body}\n```" if ">>>" in body else body
    return f"**{(section.title or 'Note').capitalize()}**\n\n{shown}"


RENDERERS = {
    DocstringSectionKind.parameters: listed("Arguments"),
    DocstringSectionKind.attributes: listed("Attributes"),
    DocstringSectionKind.raises: listed("Raises"),
    DocstringSectionKind.returns: returned,
    DocstringSectionKind.yields: returned,
    DocstringSectionKind.examples: examples,
    DocstringSectionKind.admonition: note,
}
