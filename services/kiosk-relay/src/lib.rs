//! kiosk-relay
