#pragma once

#include "srtp/srtp-inbound.h"
#include "srtp/srtp-outbound.h"

namespace sallyport::binding {

/// The stable codes of src/trusted/media/srtp/failures.ts.
constexpr const char* codeOf(srtp::UnprotectFailure failure) noexcept {
  switch (failure) {
    case srtp::UnprotectFailure::replayed:
      return "REPLAYED";
    case srtp::UnprotectFailure::tooOld:
      return "TOO_OLD";
    case srtp::UnprotectFailure::badTag:
      return "BAD_TAG";
    case srtp::UnprotectFailure::unknownMki:
      return "UNKNOWN_MKI";
    case srtp::UnprotectFailure::keyExpired:
      return "KEY_EXPIRED";
    case srtp::UnprotectFailure::malformed:
      return "MALFORMED";
    case srtp::UnprotectFailure::tooManySources:
      return "TOO_MANY_SOURCES";
    case srtp::UnprotectFailure::internal:
      return "INTERNAL";
  }
  return "INTERNAL";
}

constexpr const char* codeOf(srtp::ProtectFailure failure) noexcept {
  switch (failure) {
    case srtp::ProtectFailure::keyExpired:
      return "KEY_EXPIRED";
    case srtp::ProtectFailure::malformed:
      return "MALFORMED";
    case srtp::ProtectFailure::indexExhausted:
      return "INDEX_EXHAUSTED";
    case srtp::ProtectFailure::repeatedIndex:
      return "REPEATED_INDEX";
    case srtp::ProtectFailure::tooManySources:
      return "TOO_MANY_SOURCES";
    case srtp::ProtectFailure::internal:
      return "INTERNAL";
  }
  return "INTERNAL";
}

constexpr const char* codeOf(srtp::RolloverFailure failure) noexcept {
  switch (failure) {
    case srtp::RolloverFailure::wentBack:
      return "WENT_BACK";
    case srtp::RolloverFailure::tooManySources:
      return "TOO_MANY_SOURCES";
    case srtp::RolloverFailure::internal:
      return "INTERNAL";
  }
  return "INTERNAL";
}

/// What the options of a session should have been.
constexpr const char* expectationOf(srtp::SessionFailure failure) noexcept {
  switch (failure) {
    case srtp::SessionFailure::noKey:
      return "Expected at least one key in `keys`, got none.";
    case srtp::SessionFailure::tooManyKeys:
      return "Expected at most 16 keys in `keys`, got more.";
    case srtp::SessionFailure::mixedSuites:
      return "Expected keys of one suite in `keys`, got several suites.";
    case srtp::SessionFailure::mkiMissing:
      return "Expected an MKI for each of several keys, got a key without one.";
    case srtp::SessionFailure::mkiTooLong:
      return "Expected an MKI of 1 to 128 octets, got a longer one.";
    case srtp::SessionFailure::mkiLengthsDiffer:
      return "Expected MKIs of one length, got several lengths.";
    case srtp::SessionFailure::mkiRepeated:
      return "Expected MKIs that differ, got one twice.";
    case srtp::SessionFailure::lifetimeOutOfRange:
      return "Expected an integer from 1 to 2^48 for `lifetimePackets`, got another.";
    case srtp::SessionFailure::replayWindowOutOfRange:
      return "Expected an integer from 64 to 32767 for `replayWindowPackets`, got another.";
    case srtp::SessionFailure::maxSourcesOutOfRange:
      return "Expected an integer from 1 to 4096 for `maxSources`, got another.";
    case srtp::SessionFailure::activeKeyOutOfRange:
      return "Expected `activeMki` to name one of `keys`, got another.";
    case srtp::SessionFailure::libraryUnusable:
      return "Expected libsrtp to make a session, got a failure of its own.";
    case srtp::SessionFailure::keyReused:
      return "Expected a key of its own for what the leg sends, got one that protects or protected "
             "others' packets.";
  }
  return "Expected options of a session.";
}

}  // namespace sallyport::binding
