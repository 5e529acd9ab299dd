// Memory on the borders of cache lines, which vectors want.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace gatewise {

constexpr std::align_val_t kLine{64};

struct FreeMemory {
  void operator()(float* floats) const { ::operator delete(floats, kLine); }
};
using Floats = std::unique_ptr<float[], FreeMemory>;

// Not initialised. Throws std::bad_alloc.
inline Floats aligned_floats(size_t count) {
  constexpr size_t line = static_cast<size_t>(kLine);
  const size_t bytes = (count * sizeof(float) + line) / line * line;
  return Floats(static_cast<float*>(::operator new(bytes, kLine)));  // std::aligned_alloc is not on Windows
}

}  // namespace gatewise
