//! Graph of operations -> gradient graph -> plan -> run.
