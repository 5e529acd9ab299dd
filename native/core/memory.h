// Memory on the borders of cache lines, which vectors want.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

namespace gatewise {

struct FreeMemory {
  void operator()(float* floats) const { std::free(floats); }
};
using Floats = std::unique_ptr<float[], FreeMemory>;

// Not initialised. Throws std::bad_alloc.
inline Floats aligned_floats(size_t count) {
  constexpr size_t kLine = 64;
  const size_t bytes = (count * sizeof(float) + kLine) / kLine * kLine;
  Floats floats(static_cast<float*>(std::aligned_alloc(kLine, bytes)));
  if (!floats)
    throw std::bad_alloc();
  return floats;
}

}  // namespace gatewise
