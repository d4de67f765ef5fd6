//! Laws and golden numbers of the update rules.
