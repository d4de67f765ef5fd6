//! Every update rule: documentation, slots, update; one list.
