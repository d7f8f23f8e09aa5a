# dom0 stands on the drivers of the machine and on both backends.
PARTS_dom0 := backends
