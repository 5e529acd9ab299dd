// What all bindings share: arrays as the kernels want them, and the refusal of those that do not fit.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <climits>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>

#include "core/targets.h"

namespace nb = nanobind;

template <typename T, int N>
using Array = nb::ndarray<T, nb::ndim<N>, nb::c_contig, nb::device::cpu>;

inline void require(bool fits, const char* what) {
  if (!fits)
    throw std::invalid_argument(std::string(what) + " does not fit the other arrays");
}

template <typename A>
bool has_shape(const A& array, std::initializer_list<size_t> shape) {
  size_t axis = 0;
  for (const size_t length : shape) {
    if (array.shape(axis++) != length)
      return false;
  }
  return axis == array.ndim();
}

// The kernels count in int.
inline int size(size_t count) {
  require(count <= INT_MAX, "an array of more than 2^31 rows or columns");
  return static_cast<int>(count);
}

template <typename A>
auto data(const std::optional<A>& array) -> decltype(array->data()) {
  return array ? array->data() : nullptr;
}

inline const gatewise::Kernels& kernels_of(const std::string& name) {
  for (const gatewise::Target& target : gatewise::targets()) {
    if (name == target.name && target.runs_here)
      return target.kernels();
  }
  throw std::invalid_argument("no kernels for target " + name + " on this processor");
}
