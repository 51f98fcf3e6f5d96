// What libsrtp keeps to itself and a session needs: a stream for an SSRC from which no packet came
// yet (so that its rollover counter can be set), and the packet index that a stream has reached.
#pragma once

#include <srtp.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Adds a stream for `ssrc` (host order) with the session keys of the session's template; needs no
/// master key.
srtp_err_status_t srtp_add_stream_like_template(srtp_t session, uint32_t ssrc);

/// Highest packet index of the stream, rollover counter * 2^16 + sequence number; 0 before its
/// first packet.
srtp_err_status_t srtp_get_stream_index(srtp_t session, uint32_t ssrc, uint64_t *index);

#ifdef __cplusplus
}
#endif
