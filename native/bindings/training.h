#pragma once

#include <nanobind/nanobind.h>

// Adds losses, optimisers and the linear layer to the module.
void bind_training(nanobind::module_& m);
