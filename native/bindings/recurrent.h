#pragma once

#include <nanobind/nanobind.h>

// Adds the functions of core/recurrent to the module.
void bind_recurrent(nanobind::module_& m);
