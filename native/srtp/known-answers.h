#pragma once

namespace sallyport::srtp {

/// Checks key derivation against the numbers of RFC 3711 and RFC 6188, and for every suite that one
/// SRTP and one SRTCP packet come out as an independent implementation makes them, open again, and
/// do not open with one bit changed. libsrtp must have been started; takes about a millisecond.
bool knownAnswersMatch() noexcept;

}  // namespace sallyport::srtp
