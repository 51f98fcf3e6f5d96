#pragma once

#include <cstdint>

namespace sallyport::srtp {

enum class LibraryState : std::uint8_t {
  usable,
  /// libsrtp did not start: one of its own self-tests failed, or OpenSSL lacks an algorithm.
  startFailed,
  /// One of our known answers did not come out.
  knownAnswerFailed,
};

/// Starts libsrtp and runs the known-answer tests, once per loaded library whatever the number of
/// threads that ask.
LibraryState startLibrary() noexcept;

}  // namespace sallyport::srtp
