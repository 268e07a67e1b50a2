"""The month: closing it, the statement of each member, and what proves that a sheet of paper is the right one."""
