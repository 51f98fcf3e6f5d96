// What libsrtp keeps to itself and a session needs: a stream for an SSRC from which no packet came
// yet (so that its rollover counter can be set), the packet index that a stream has reached, and
// the indices of one session carried over to another (re-keying, RFC 3711 §3.3.1).
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

/// Memory that protecting or opening a packet touches; nothing but a prefetch may follow from it.
typedef struct {
  const void *start;
  size_t octets;
} srtp_memory_part_t;

/// Writes the parts of a stream, `capacity` at most, and returns how many; 0 for no such stream.
size_t srtp_get_stream_memory(srtp_t session, uint32_t ssrc, srtp_memory_part_t *parts,
                              size_t capacity);

/// Gives the stream of `ssrc` in `to` the highest index and the replay list of that in `from`;
/// makes it where there is none. Windows of two sizes keep what both have room for.
srtp_err_status_t srtp_adopt_rtp_indices(srtp_t to, srtp_t from, uint32_t ssrc);

/// The same for SRTCP.
srtp_err_status_t srtp_adopt_rtcp_indices(srtp_t to, srtp_t from, uint32_t ssrc);

/// Marks the packet of `ssrc` that `from` accepted last, which has `sequence_number`, as accepted
/// by `to` too.
srtp_err_status_t srtp_mirror_rtp_index(srtp_t to, srtp_t from, uint32_t ssrc,
                                        uint16_t sequence_number);

/// Opens `packet` of `ssrc` as if its index were `index` (not 0), in place, and leaves no trace in
/// the session: neither stream nor index nor replay list.
srtp_err_status_t srtp_try_unprotect_at(srtp_t session, uint32_t ssrc, uint64_t index, void *packet,
                                        int *octets, unsigned int use_mki);

/// Makes the stream of `ssrc` expect the packet `index` (not 0) next, with an empty replay list.
srtp_err_status_t srtp_expect_index(srtp_t session, uint32_t ssrc, uint64_t index);

#ifdef __cplusplus
}
#endif
