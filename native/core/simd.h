// Vectors of float in the extensions of GCC and Clang, as wide as the instruction set at hand, and the three
// functions that the gates need.
//
// Included only by files that are compiled once for each instruction set, with GATEWISE_TARGET naming the
// namespace. Everything is inlined into that namespace: no template or inline function of the standard
// library may be used here, for the linker would keep one copy of it for all instruction sets.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
// GCC warns of the deliberately undefined operands inside its own header.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#pragma GCC diagnostic pop
#endif

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

// Loops over the lanes, or over as many vectors, are unrolled, or the compiler would keep the vectors in
// memory.
#define GATEWISE_UNROLL_LANES _Pragma("GCC unroll 16")

GATEWISE_INLINE Vec load(const float* p) {
  Vec v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

GATEWISE_INLINE void store(float* p, Vec v) {
  std::memcpy(p, &v, sizeof v);
}

#if defined(__AVX512F__)
GATEWISE_INLINE __mmask16 first_lanes(int n) {
  return static_cast<__mmask16>((1u << n) - 1u);
}
#elif defined(__AVX2__)
GATEWISE_INLINE __m256i first_lanes(int n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
#endif

// The first n lanes; the others are 0 or stay as they are, and their memory is not touched.
GATEWISE_INLINE Vec load(const float* p, int n) {
  if (n >= kLanes)
    return load(p);
#if defined(__AVX512F__)
  return (Vec)_mm512_maskz_loadu_ps(first_lanes(n), p);
#elif defined(__AVX2__)
  return (Vec)_mm256_maskload_ps(p, first_lanes(n));
#else
  return Vec{n > 0 ? p[0] : 0.0f, n > 1 ? p[1] : 0.0f, n > 2 ? p[2] : 0.0f, 0.0f};
#endif
}

GATEWISE_INLINE void store(float* p, Vec v, int n) {
  if (n >= kLanes) {
    store(p, v);
    return;
  }
#if defined(__AVX512F__)
  _mm512_mask_storeu_ps(p, first_lanes(n), (__m512)v);
#elif defined(__AVX2__)
  _mm256_maskstore_ps(p, first_lanes(n), (__m256)v);
#else
  if (n > 0)
    p[0] = v[0];
  if (n > 1)
    p[1] = v[1];
  if (n > 2)
    p[2] = v[2];
#endif
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

// At most `high`; NaN stays NaN.
GATEWISE_INLINE Vec at_most(Vec x, float high) {
#if defined(__AVX512F__)
  return (Vec)_mm512_min_ps((__m512)fill(high), (__m512)x);  // the second operand where one is NaN
#else
  return select(x > high, fill(high), x);
#endif
}

GATEWISE_INLINE Vec at_least(Vec x, float low) {
#if defined(__AVX512F__)
  return (Vec)_mm512_max_ps((__m512)fill(low), (__m512)x);
#else
  return select(x < low, fill(low), x);
#endif
}

// x / y for y in [1, 2^100], to about half a unit in the last place, and so at most 1 where x <= y.
GATEWISE_INLINE Vec divide(Vec x, Vec y) {
#if defined(__AVX512F__)
  const __m512 near = _mm512_rcp14_ps((__m512)y), quotient = (__m512)(x * (Vec)near);
  // Newton's step doubles the 14 bits. The rest must be exact, therefore no compiler's choice decides whether
  // its product is rounded first.
  const __m512 rest = _mm512_fnmadd_ps((__m512)y, quotient, (__m512)x);
  return (Vec)_mm512_fmadd_ps(near, rest, quotient);
#else
  return x / y;
#endif
}

GATEWISE_INLINE Vec square_root(Vec x) {
#if defined(__AVX512F__)
  return (Vec)_mm512_sqrt_ps((__m512)x);
#elif defined(__AVX2__)
  return (Vec)_mm256_sqrt_ps((__m256)x);
#elif defined(__SSE2__)
  return (Vec)_mm_sqrt_ps((__m128)x);
#else
  for (int k = 0; k < kLanes; ++k)
    x[k] = __builtin_sqrtf(x[k]);
  return x;
#endif
}

// x 2^n for whole n, a product below the normal range rounded once.
GATEWISE_INLINE Vec scale(Vec x, Vec n) {
#if defined(__AVX512F__)
  return (Vec)_mm512_scalef_ps((__m512)x, (__m512)n);
#else
  // In two halves, for 2^n alone may lie outside the range.
  const IVec whole = __builtin_convertvector(n, IVec), half = whole >> 1;
  return x * from_bits((half + 127) << 23) * from_bits((whole - half + 127) << 23);
#endif
}

// x = n ln 2 + r with whole n and |r| <= ln 2 / 2 (Cody and Waite: ln 2 in two parts, for more digits).
struct Reduced {
  Vec n, r;
};

GATEWISE_INLINE Reduced reduce(Vec x) {
  const float shifter = 12582912.0f;  // 1.5 * 2^23: adding it rounds to the nearest whole number
  const Vec n = (x * 1.44269504f + shifter) - shifter;
  const Vec r = x - n * 0.693359375f;
  return {n, r + n * 2.12194440e-4f};
}

// e^r - 1 for |r| <= ln 2 / 2: minimax for (e^r - 1 - r) / r^2 (native/fit_polynomials.py).
GATEWISE_INLINE Vec exp_minus_1(Vec r) {
  Vec p = fill(1.381447e-3f);
  p = p * r + 8.36878e-3f;
  p = p * r + 4.1668393e-2f;
  p = p * r + 1.666652e-1f;
  p = p * r + 4.9999994e-1f;
  return p * (r * r) + r;
}

// e^x. NaN stays NaN.
GATEWISE_INLINE Vec exp(Vec x) {
  const Reduced reduced = reduce(at_most(at_least(x, -104.0f), 88.8f));
  return scale(exp_minus_1(reduced.r) + 1.0f, reduced.n);
}

// 1 / (1 + e^-x) as 2^-n / (2^-n + e^r) with -x = n ln 2 + r, so that nothing overflows and small results
// keep their digits.
GATEWISE_INLINE Vec sigmoid(Vec x) {
  // Beyond 80 the result is 1 in float, below -104 it is 0.
  const Reduced reduced = reduce(at_least(at_most(-x, 104.0f), -80.0f));
  const Vec denominator = scale(fill(1.0f), -reduced.n) + (exp_minus_1(reduced.r) + 1.0f);
  return scale(divide(fill(1.0f), denominator), -reduced.n);
}

// (e^2|x| - 1) / (e^2|x| + 1) with the sign of x, the numerator to full precision near zero too.
GATEWISE_INLINE Vec tanh(Vec x) {
  // Beyond 10 the result is 1 in float.
  const Vec a = at_most(absolute(x), 10.0f);
  const Reduced reduced = reduce(a + a);
  const Vec power = scale(fill(1.0f), reduced.n);
  const Vec numerator = exp_minus_1(reduced.r) * power + (power - 1.0f);
  const Vec y = divide(numerator, numerator + 2.0f);
  const IVec sign = bits(x) & static_cast<int32_t>(0x80000000);
  return from_bits(bits(y) | sign);  // the sign is put back at the end, which keeps that of zero
}

// Exchanges squares of width x width numbers between neighbours, for this width and all larger ones.
template <int width>
GATEWISE_INLINE void exchange(Vec (&rows)[kLanes]) {
#if !defined(__clang__)
  IVec low, high;  // lanes of the pair (a, b) that make up the new a and the new b
  GATEWISE_UNROLL_LANES
  for (int k = 0; k < kLanes; ++k) {
    low[k] = (k & width) ? kLanes + k - width : k;
    high[k] = (k & width) ? kLanes + k : k + width;
  }
#endif
  GATEWISE_UNROLL_LANES
  for (int k = 0; k < kLanes; ++k) {
    if (k & width)
      continue;
    const Vec a = rows[k], b = rows[k + width];
#if defined(__clang__)
    for (int lane = 0; lane < kLanes; ++lane) {
      rows[k][lane] = (lane & width) ? b[lane - width] : a[lane];
      rows[k + width][lane] = (lane & width) ? b[lane] : a[lane + width];
    }
#else
    rows[k] = __builtin_shuffle(a, b, low);
    rows[k + width] = __builtin_shuffle(a, b, high);
#endif
  }
  if constexpr (2 * width < kLanes)
    exchange<2 * width>(rows);
}

// Rows of a square of lanes x lanes floats become columns.
GATEWISE_INLINE void transpose(Vec (&rows)[kLanes]) {
  exchange<1>(rows);
}

}  // namespace GATEWISE_TARGET
}  // namespace gatewise
