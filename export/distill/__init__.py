"""From a teacher that takes several steps to nets that take one."""
