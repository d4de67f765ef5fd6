//! Weights on disk: safetensors files, written atomically, and checked when they are read.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use pyo3::exceptions::PyMemoryError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use safetensors::tensor::{Dtype, SafeTensors, TensorView, View};

use crate::arrays::Array;
use crate::errors::{Error, Refusal, Result, dtype_error, name_error, value_error};
use crate::kinds::Kind;
use crate::work;

// The format is little-endian, and numbers are copied as they lie in memory.
const _: () = assert!(cfg!(target_endian = "little"));

/// Writes a safetensors file. It appears complete or not at all: it is written next to its destination and then moved.
#[pyfunction]
#[pyo3(signature = (path, tensors, metadata = None))]
pub(crate) fn save_tensors(
    py: Python<'_>,
    path: PathBuf,
    tensors: &Bound<'_, PyDict>,
    metadata: Option<HashMap<String, String>>,
) -> Result<()> {
    let mut arrays = Vec::with_capacity(tensors.len());
    for (name, array) in tensors.iter() {
        let name: String = name.extract()?;
        if name == "__metadata__" {
            return name_error!("save_tensors: expected another name than {name:?}, which the format keeps for itself");
        }
        let array = Array::new("save_tensors", &name, &array)?;
        let Some(dtype) = file_dtype(array.kind()) else {
            let got = array.dtype_name();
            return dtype_error!("save_tensors: expected `{name}` of a numeric dtype in native byte order, got {got}");
        };
        arrays.push((name, dtype, array.contiguous()?));
    }
    let views: Vec<(&str, Bytes<'_>)> = arrays
        .iter()
        .map(|(name, dtype, array)| (name.as_str(), Bytes { dtype: *dtype, shape: array.shape(), data: array.bytes() }))
        .collect();
    let written = work::detached(py, || -> Result<()> {
        // The crate uses its own map instead of that of `std`; it is made from pairs.
        let metadata = metadata.map(|pairs| pairs.into_iter().collect());
        let content = safetensors::serialize(views, metadata)
            .map_err(|error| Refusal::Value(format!("save_tensors: cannot write these tensors: {error}")))?;
        replace(&path, &content).map_err(|error| Error::File(path.display().to_string(), error))
    });
    written?
}

/// Reads a safetensors file: the arrays and the metadata. A damaged file raises ``ValueError``.
#[pyfunction]
pub(crate) fn load_tensors(py: Python<'_>, path: PathBuf) -> Result<(Bound<'_, PyDict>, HashMap<String, String>)> {
    let shown = path.display().to_string();
    let read = work::detached(py, || -> io::Result<Option<Vec<u8>>> {
        // Reading a pipe or a device might never end.
        if fs::metadata(&path)?.is_file() || path.is_dir() { fs::read(&path).map(Some) } else { Ok(None) }
    })?;
    let Some(content) = read.map_err(|error| Error::File(shown.clone(), error))? else {
        return value_error!("load_tensors: expected a file, got {shown:?}");
    };
    let damaged = |reason: String| {
        Refusal::Value(format!("load_tensors: expected a whole safetensors file, got {shown:?}: {reason}"))
    };
    let (_, header) = SafeTensors::read_metadata(&content).map_err(|error| damaged(error.to_string()))?;
    let file = SafeTensors::deserialize(&content).map_err(|error| damaged(error.to_string()))?;
    let arrays = PyDict::new(py);
    let mut tensors = file.tensors();
    tensors.sort_by(|first, second| first.0.cmp(&second.0));
    for (name, tensor) in tensors {
        let array = read_tensor(py, &tensor).map_err(|error| match error {
            Error::Python(error) if !error.is_instance_of::<PyMemoryError>(py) => {
                damaged(format!("tensor {name:?}: {}", error.value(py))).into()
            }
            Error::Refused(reason) => damaged(format!("tensor {name:?} {reason}")).into(),
            other => other,
        })?;
        arrays.set_item(name, array.into_object())?;
    }
    let metadata = header.metadata().iter().flatten().map(|(key, value)| (key.clone(), value.clone()));
    Ok((arrays, metadata.collect()))
}

fn read_tensor<'py>(py: Python<'py>, tensor: &TensorView<'_>) -> Result<Array<'py>> {
    let Some(kind) = array_kind(tensor.dtype()) else {
        return value_error!("has the element type {}, which NumPy does not have here", tensor.dtype());
    };
    let array = Array::empty(py, tensor.shape(), kind)?;
    if kind == Kind::Bool {
        // To NumPy, only the bytes 0 and 1 are truth values.
        for (place, byte) in array.bytes_mut().iter_mut().zip(tensor.data()) {
            *place = u8::from(*byte != 0);
        }
    } else {
        array.bytes_mut().copy_from_slice(tensor.data());
    }
    Ok(array)
}

/// A tensor as the file format describes it.
struct Bytes<'a> {
    dtype: Dtype,
    shape: &'a [usize],
    data: &'a [u8],
}

impl View for Bytes<'_> {
    fn dtype(&self) -> Dtype {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self.data)
    }
    fn data_len(&self) -> usize {
        self.data.len()
    }
}

const KINDS: [(Kind, Dtype); 11] = [
    (Kind::F32, Dtype::F32),
    (Kind::F64, Dtype::F64),
    (Kind::Bool, Dtype::BOOL),
    (Kind::I8, Dtype::I8),
    (Kind::I16, Dtype::I16),
    (Kind::I32, Dtype::I32),
    (Kind::I64, Dtype::I64),
    (Kind::U8, Dtype::U8),
    (Kind::U16, Dtype::U16),
    (Kind::U32, Dtype::U32),
    (Kind::U64, Dtype::U64),
];

fn file_dtype(kind: Kind) -> Option<Dtype> {
    KINDS.iter().find(|pair| pair.0 == kind).map(|pair| pair.1)
}

fn array_kind(dtype: Dtype) -> Option<Kind> {
    KINDS.iter().find(|pair| pair.1 == dtype).map(|pair| pair.0)
}

/// Replaces the file by the content in one move: no reader, crash or full disk ever leaves half a file.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    // If the path is a link, the file it points to is replaced, not the link.
    let path = match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_path_buf(),
        found => found?,
    };
    let temporary = beside(&path);
    let written = write_whole(&temporary, &path, content).and_then(|()| fs::rename(&temporary, &path));
    if written.is_err() {
        // The first error is the one to report, even if the file cannot be removed either.
        let _ = fs::remove_file(&temporary);
        return written;
    }
    sync_directory(&path)
}

/// A name that nobody else uses, in the same directory, because only there a rename is atomic.
fn beside(path: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.{number}.tmp", std::process::id()))
}

fn write_whole(temporary: &Path, path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(temporary)?;
    // A new file gets the usual permissions; a replaced file passes its own on.
    if let Ok(metadata) = fs::metadata(path) {
        file.set_permissions(metadata.permissions())?;
    }
    file.write_all(content)?;
    file.sync_all()
}

/// Makes the move itself durable; Windows has no such call.
fn sync_directory(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if cfg!(unix) => {
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            File::open(parent)?.sync_all()
        }
        _ => Ok(()),
    }
}
