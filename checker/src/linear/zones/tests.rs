//! Zones on drawn histories.
