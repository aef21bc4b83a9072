"""Release bundles: built and signed by the vendor, verified and unpacked on the appliance."""
