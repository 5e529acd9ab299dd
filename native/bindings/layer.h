// What a Python object that describes a recurrent layer (kernels/layer.py, NativeLayer) says.
#pragma once

#include "bindings/arrays.h"
#include "core/recurrent/recurrent.h"

struct LayerAttributes {
  nb::handle object;

  // An array, as it is: a converted copy would be gone before it is used.
  template <typename A>
  A array(const char* name) const {
    return nb::cast<A>(object.attr(name), false);
  }

  template <typename T>
  T value(const char* name) const {
    return nb::cast<T>(object.attr(name));
  }

  gatewise::Cell cell() const {
    const auto name = value<std::string>("cell");
    require(name == "lstm" || name == "rnn", "cell");
    return name == "lstm" ? gatewise::Cell::lstm : gatewise::Cell::rnn;
  }

  gatewise::Activation activation() const {
    const int number = value<int>("activation");
    require(number >= static_cast<int>(gatewise::Activation::identity) &&
                number <= static_cast<int>(gatewise::Activation::relu),
            "activation");
    return static_cast<gatewise::Activation>(number);
  }
};
