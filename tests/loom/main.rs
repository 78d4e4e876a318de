//! Every interleaving of the shared leaves, judged by our checker.
