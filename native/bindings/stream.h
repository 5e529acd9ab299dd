#pragma once

#include <nanobind/nanobind.h>

// Adds the streams of core/recurrent to the module.
void bind_stream(nanobind::module_& m);
