# dom0 stands on every driver and both backends.
PARTS_dom0 := net disk
