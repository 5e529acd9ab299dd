// Vectors of float in the extensions of GCC and Clang, as wide as the instruction set at hand, and the three
// functions that the gates need.
//
// Included by kernels.cpp alone, which is compiled once for each instruction set with GATEWISE_TARGET naming
// the namespace. Everything is inlined into that namespace: no template or inline function of the standard
// library may be used here, for the linker would keep one copy of it for all instruction sets.
#pragma once

#include <cstdint>
#include <cstring>

namespace gatewise {
namespace GATEWISE_TARGET {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX2__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif

typedef float Vec __attribute__((vector_size(kLanes * sizeof(float))));
typedef int32_t IVec __attribute__((vector_size(kLanes * sizeof(int32_t))));

#define GATEWISE_INLINE static inline __attribute__((always_inline))

GATEWISE_INLINE Vec load(const float* p) {
  Vec v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

GATEWISE_INLINE void store(float* p, Vec v) {
  std::memcpy(p, &v, sizeof v);
}

// The first n lanes; the others are 0 or stay as they are.
GATEWISE_INLINE Vec load(const float* p, int n) {
  if (n == kLanes)
    return load(p);
  Vec v = {};
  for (int k = 0; k < n; ++k)
    v[k] = p[k];
  return v;
}

GATEWISE_INLINE void store(float* p, Vec v, int n) {
  if (n == kLanes) {
    store(p, v);
    return;
  }
  for (int k = 0; k < n; ++k)
    p[k] = v[k];
}

GATEWISE_INLINE Vec fill(float x) {
  return x - Vec{};
}

GATEWISE_INLINE IVec bits(Vec v) {
  return (IVec)v;
}
GATEWISE_INLINE Vec from_bits(IVec v) {
  return (Vec)v;
}

GATEWISE_INLINE Vec select(IVec mask, Vec yes, Vec no) {
  return from_bits((bits(yes) & mask) | (bits(no) & ~mask));
}

GATEWISE_INLINE Vec absolute(Vec x) {
  return from_bits(bits(x) & 0x7fffffff);
}

// 2^n for whole n in [-126, 127].
GATEWISE_INLINE Vec power_of_two(IVec n) {
  return from_bits((n + 127) << 23);
}

// e^x. Cody-Waite reduction to [-ln2/2, ln2/2], a polynomial, and the power of two in two halves, so that
// results below the normal range are right too. NaN stays NaN.
GATEWISE_INLINE Vec exp(Vec x) {
  const Vec low = fill(-104.0f), high = fill(88.8f);
  const IVec is_nan = x != x;
  const Vec kept = x;
  x = select(x < low, low, x);
  x = select(x > high, high, x);
  x = select(is_nan, Vec{}, x);
  const float shifter = 12582912.0f;  // 1.5 * 2^23: adding it rounds to the nearest whole number
  const Vec shifted = x * 1.44269504f + shifter;
  const IVec n = bits(shifted) - bits(fill(shifter));
  const Vec whole = shifted - shifter;
  Vec r = x - whole * 0.693359375f;
  r = r + whole * 2.12194440e-4f;
  // Minimax for (e^r - 1 - r) / r^2 (native/fit_polynomials.py).
  Vec p = fill(1.9790245e-4f);
  p = p * r + 1.3944758e-3f;
  p = p * r + 8.333498e-3f;
  p = p * r + 4.1666295e-2f;
  p = p * r + 1.6666666e-1f;
  p = p * r + 0.5f;
  p = p * (r * r) + r + 1.0f;
  const IVec half = n >> 1;
  return select(is_nan, kept, p * power_of_two(half) * power_of_two(n - half));
}

// 1 / (1 + e^-x), from e^-|x| so that nothing overflows and small results keep their digits.
GATEWISE_INLINE Vec sigmoid(Vec x) {
  const Vec e = exp(-absolute(x));
  const Vec s = 1.0f / (1.0f + e);
  return select(x < 0.0f, e * s, s);
}

// Near zero an odd polynomial, elsewhere 1 - 2 / (e^2|x| + 1) with the sign of x.
GATEWISE_INLINE Vec tanh(Vec x) {
  const Vec a = absolute(x), s = x * x;
  // Minimax for (tanh(x) - x) / x^3 (native/fit_polynomials.py).
  Vec p = fill(-5.704987e-3f);
  p = p * s + 2.0639088e-2f;
  p = p * s - 5.3739715e-2f;
  p = p * s + 1.3331442e-1f;
  p = p * s - 3.333328e-1f;
  const Vec near = p * s * a + a;
  const Vec far = 1.0f - 2.0f / (exp(a + a) + 1.0f);
  // The sign is put back at the end, which keeps that of zero.
  const IVec sign = bits(x) & static_cast<int32_t>(0x80000000);
  return from_bits(bits(select(a < 0.625f, near, far)) | sign);
}

}  // namespace GATEWISE_TARGET
}  // namespace gatewise
