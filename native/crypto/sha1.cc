#include "crypto/sha1.h"

#include <bit>
#include <utility>

namespace sallyport::crypto {

namespace {

constexpr int kRounds = 80;

constexpr std::uint32_t readWord(const std::uint8_t* bytes) noexcept {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
         std::uint32_t{bytes[2]} << 8 | std::uint32_t{bytes[3]};
}

/// f(t; B, C, D) + K(t) (RFC 3174 §5).
template <int t>
constexpr std::uint32_t mix(std::uint32_t b, std::uint32_t c, std::uint32_t d) noexcept {
  if constexpr (t < 20) return ((b & (c ^ d)) ^ d) + 0x5a827999;
  if constexpr (t >= 20 && t < 40) return (b ^ c ^ d) + 0x6ed9eba1;
  if constexpr (t >= 40 && t < 60) return ((b & c) | (d & (b | c))) + 0x8f1bbcdc;
  if constexpr (t >= 60) return (b ^ c ^ d) + 0xca62c1d6;
}

/// One round of RFC 3174 §6.2. Instead of moving A to E by one place, `state` is read from another
/// place every round; `words` is the circular queue of §6.2.
template <int t>
inline void runRound(Sha1State& state, std::array<std::uint32_t, 16>& words) noexcept {
  constexpr auto place = [](int letter) { return (letter + kRounds - t) % 5; };
  if constexpr (t >= 16) {
    words[t % 16] = std::rotl(
        words[(t + 13) % 16] ^ words[(t + 8) % 16] ^ words[(t + 2) % 16] ^ words[t % 16], 1);
  }
  std::uint32_t& b = state[place(1)];
  state[place(4)] +=
      std::rotl(state[place(0)], 5) + mix<t>(b, state[place(2)], state[place(3)]) + words[t % 16];
  b = std::rotl(b, 30);
}

template <int... t>
inline void runRounds(Sha1State& state, std::array<std::uint32_t, 16>& words,
                      std::integer_sequence<int, t...>) noexcept {
  (runRound<t>(state, words), ...);
}

}  // namespace

void compressSha1Portably(Sha1State& state, const std::uint8_t* blocks,
                          std::size_t count) noexcept {
  std::array<std::uint32_t, 16> words;
  for (; count != 0; --count, blocks += kSha1BlockOctets) {
    for (std::size_t i = 0; i < words.size(); ++i) words[i] = readWord(blocks + 4 * i);
    Sha1State next = state;
    runRounds(next, words, std::make_integer_sequence<int, kRounds>());
    for (std::size_t i = 0; i < state.size(); ++i) state[i] += next[i];
  }
}

Sha1Compress fastestSha1() noexcept {
  static const Sha1Compress fastest = [] {
    const Sha1Compress byExtensions = sha1ByExtensions();
    return byExtensions != nullptr ? byExtensions : compressSha1Portably;
  }();
  return fastest;
}

}  // namespace sallyport::crypto
