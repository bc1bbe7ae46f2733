//! wallet-adapter
