// What module.cpp adds to the module from recurrent.cpp.
#pragma once

#include <nanobind/nanobind.h>

void bind_recurrent(nanobind::module_& m);
