#include "crypto/sha1.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#include <utility>

namespace sallyport::crypto {

namespace {

constexpr int kGroupsOfFourRounds = 20;

/// A to D from the highest lane to the lowest, as the instructions want them, and E.
struct Lanes {
  __m128i abcd;
  /// `abcd` of four rounds ago: E is its A, rotated, and SHA1NEXTE rotates it.
  __m128i fourRoundsAgo;
};

/// Rounds 4 `group` to 4 `group` + 3. `words` is the circular queue of RFC 3174 §6.2, four words a
/// lane group, the earliest in the highest lane.
template <int group>
[[gnu::target("sha,sse4.1"), gnu::always_inline]] inline void runFourRounds(
    Lanes& lanes, __m128i (&words)[4], __m128i firstE) noexcept {
  __m128i& now = words[group % 4];
  if constexpr (group >= 4) {
    now = _mm_sha1msg2_epu32(
        _mm_xor_si128(_mm_sha1msg1_epu32(now, words[(group + 1) % 4]), words[(group + 2) % 4]),
        words[(group + 3) % 4]);
  }
  const __m128i withE =
      group == 0 ? _mm_add_epi32(firstE, now) : _mm_sha1nexte_epu32(lanes.fourRoundsAgo, now);
  lanes.fourRoundsAgo = lanes.abcd;
  lanes.abcd = _mm_sha1rnds4_epu32(lanes.abcd, withE, group / 5);
}

template <int... group>
[[gnu::target("sha,sse4.1"), gnu::always_inline]] inline void runAllRounds(
    Lanes& lanes, __m128i (&words)[4], __m128i firstE,
    std::integer_sequence<int, group...>) noexcept {
  (runFourRounds<group>(lanes, words, firstE), ...);
}

[[gnu::target("sha,sse4.1")]] void compress(Sha1State& state, const std::uint8_t* blocks,
                                            std::size_t count) noexcept {
  constexpr int reverseLanes = 0x1b;
  const __m128i reverseOctets = _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f);
  auto* const firstFour = reinterpret_cast<__m128i*>(state.data());
  __m128i abcd = _mm_shuffle_epi32(_mm_loadu_si128(firstFour), reverseLanes);
  __m128i e = _mm_set_epi32(static_cast<int>(state[4]), 0, 0, 0);

  for (; count != 0; --count, blocks += kSha1BlockOctets) {
    __m128i words[4];
    for (int i = 0; i < 4; ++i) {
      words[i] = _mm_shuffle_epi8(
          _mm_loadu_si128(reinterpret_cast<const __m128i*>(blocks + 16 * i)), reverseOctets);
    }
    Lanes lanes{abcd, abcd};
    runAllRounds(lanes, words, e, std::make_integer_sequence<int, kGroupsOfFourRounds>());
    abcd = _mm_add_epi32(abcd, lanes.abcd);
    e = _mm_sha1nexte_epu32(lanes.fourRoundsAgo, e);
  }

  _mm_storeu_si128(firstFour, _mm_shuffle_epi32(abcd, reverseLanes));
  state[4] = static_cast<std::uint32_t>(_mm_extract_epi32(e, 3));
}

bool hasExtensions() noexcept {
  constexpr unsigned sse41AndSsse3 = 1u << 19 | 1u << 9;
  constexpr unsigned sha = 1u << 29;
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0) return false;
  if ((ecx & sse41AndSsse3) != sse41AndSsse3) return false;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (ebx & sha) != 0;
}

}  // namespace

Sha1Compress sha1ByExtensions() noexcept { return hasExtensions() ? compress : nullptr; }

}  // namespace sallyport::crypto

#else

namespace sallyport::crypto {

Sha1Compress sha1ByExtensions() noexcept { return nullptr; }

}  // namespace sallyport::crypto

#endif
