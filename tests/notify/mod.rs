//! Is somebody told, once, and by the leader alone? The real `onerescue notify` against a served cloud, with real programs, a
//! webhook over TLS, and a real Alertmanager.

mod alertmanager;
mod beside;
mod kinds;
mod lab;
mod once;
mod webhook;
