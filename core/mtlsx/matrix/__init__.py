"""The matrix: one server, tried with every certificate that it must refuse, and with the right one."""
