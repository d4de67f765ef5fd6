"""What joins tilegrad to other libraries: scikit-learn estimators in ``tilegrad.interop.sklearn``."""
