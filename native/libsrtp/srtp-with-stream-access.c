// libsrtp's srtp.c and, in the same translation unit because they call its static functions, our
// additions.
#include <config.h>  // libsrtp's inner headers ask for it

#include "aes_gcm.h"
#include "aes_icm_ext.h"
#include "srtp.c"
#include "stream-access.h"

srtp_err_status_t srtp_add_stream_like_template(srtp_t session, uint32_t ssrc) {
  if (session == NULL || session->stream_template == NULL) return srtp_err_status_bad_param;
  if (srtp_get_stream(session, htonl(ssrc)) != NULL) return srtp_err_status_ok;

  srtp_stream_ctx_t *stream = NULL;
  const srtp_err_status_t status =
      srtp_stream_clone(session->stream_template, htonl(ssrc), &stream);
  if (status != srtp_err_status_ok) return status;
  return srtp_insert_or_dealloc_stream(session->stream_list, stream, session->stream_template);
}

srtp_err_status_t srtp_get_stream_index(srtp_t session, uint32_t ssrc, uint64_t *index) {
  const srtp_stream_ctx_t *stream = srtp_get_stream(session, htonl(ssrc));
  if (stream == NULL) return srtp_err_status_no_ctx;
  *index = stream->rtp_rdbx.index;
  return srtp_err_status_ok;
}

enum {
  // Of OpenSSL's context and of our HMAC, whose sizes are not known here.
  cipherContextOctets = 192,
  authStateOctets = 192,
};

size_t srtp_get_stream_memory(srtp_t session, uint32_t ssrc, srtp_memory_part_t *parts,
                              size_t capacity) {
  const srtp_stream_ctx_t *stream = srtp_get_stream(session, htonl(ssrc));
  if (stream == NULL || stream->session_keys == NULL) return 0;

  const srtp_session_keys_t *keys = stream->session_keys;
  const srtp_cipher_t *cipher = keys->rtp_cipher;
  const int isGcm = cipher->algorithm == SRTP_AES_GCM_128 || cipher->algorithm == SRTP_AES_GCM_256;
  const void *cipherContext = isGcm ? ((const srtp_aes_gcm_ctx_t *)cipher->state)->ctx
                                    : ((const srtp_aes_icm_ctx_t *)cipher->state)->ctx;
  const srtp_memory_part_t all[] = {
      {session, sizeof *session},
      {&session->stream_list->data.next, sizeof session->stream_list->data.next},
      {stream, sizeof *stream},
      {keys, sizeof *keys},
      {stream->rtp_rdbx.bitmask.word, stream->rtp_rdbx.bitmask.length / 8},
      {keys->limit, sizeof *keys->limit},
      {cipher, sizeof *cipher},
      {cipher->state, isGcm ? sizeof(srtp_aes_gcm_ctx_t) : sizeof(srtp_aes_icm_ctx_t)},
      {cipherContext, cipherContextOctets},
      {keys->rtp_auth, sizeof *keys->rtp_auth},
      {keys->rtp_auth->state, isGcm ? 0 : authStateOctets},
  };
  const size_t count = sizeof all / sizeof *all < capacity ? sizeof all / sizeof *all : capacity;
  memcpy(parts, all, count * sizeof *all);
  return count;
}

srtp_err_status_t srtp_adopt_rtp_indices(srtp_t to, srtp_t from, uint32_t ssrc) {
  const srtp_stream_ctx_t *source = srtp_get_stream(from, htonl(ssrc));
  if (source == NULL) return srtp_err_status_no_ctx;
  const srtp_err_status_t status = srtp_add_stream_like_template(to, ssrc);
  if (status != srtp_err_status_ok) return status;

  srtp_rdbx_t *adopted = &srtp_get_stream(to, htonl(ssrc))->rtp_rdbx;
  adopted->index = source->rtp_rdbx.index;
  bitvector_set_to_zero(&adopted->bitmask);
  // The last bit of a window stands for its highest index.
  const uint32_t room = bitvector_get_length(&adopted->bitmask);
  const uint32_t known = bitvector_get_length(&source->rtp_rdbx.bitmask);
  for (uint32_t back = 1; back <= room && back <= known; back++) {
    if (bitvector_get_bit(&source->rtp_rdbx.bitmask, known - back)) {
      bitvector_set_bit(&adopted->bitmask, room - back);
    }
  }
  return srtp_err_status_ok;
}

srtp_err_status_t srtp_adopt_rtcp_indices(srtp_t to, srtp_t from, uint32_t ssrc) {
  const srtp_stream_ctx_t *source = srtp_get_stream(from, htonl(ssrc));
  if (source == NULL) return srtp_err_status_no_ctx;
  const srtp_err_status_t status = srtp_add_stream_like_template(to, ssrc);
  if (status != srtp_err_status_ok) return status;
  srtp_get_stream(to, htonl(ssrc))->rtcp_rdb = source->rtcp_rdb;
  return srtp_err_status_ok;
}

srtp_err_status_t srtp_mirror_rtp_index(srtp_t to, srtp_t from, uint32_t ssrc,
                                        uint16_t sequence_number) {
  const srtp_stream_ctx_t *source = srtp_get_stream(from, htonl(ssrc));
  srtp_stream_ctx_t *mirror = srtp_get_stream(to, htonl(ssrc));
  if (source == NULL || mirror == NULL) return srtp_err_status_no_ctx;

  const uint64_t highest = source->rtp_rdbx.index;
  const uint64_t index = highest - (uint16_t)((uint16_t)highest - sequence_number);
  srtp_rdbx_t *window = &mirror->rtp_rdbx;
  const int64_t delta = (int64_t)(index - window->index);
  if (delta > UINT16_MAX) {  // libsrtp advances by less than one rollover at a time
    srtp_rdbx_set_roc_seq(window, (uint32_t)(index >> 16), sequence_number);
    srtp_rdbx_add_index(window, 0);
  } else if (delta > -(int64_t)srtp_rdbx_get_window_size(window)) {
    srtp_rdbx_add_index(window, (int)delta);
  }
  return srtp_err_status_ok;
}

srtp_err_status_t srtp_try_unprotect_at(srtp_t session, uint32_t ssrc, uint64_t index, void *packet,
                                        int *octets, unsigned int use_mki) {
  if (session->stream_template == NULL) return srtp_err_status_bad_param;
  uint32_t words[4] = {0};
  const srtp_rdbx_t guess = {.index = index - 1, .bitmask = {.length = 128, .word = words}};

  srtp_stream_ctx_t *stream = srtp_get_stream(session, htonl(ssrc));
  if (stream != NULL) {
    const srtp_rdbx_t window = stream->rtp_rdbx;
    stream->rtp_rdbx = guess;
    const srtp_err_status_t status = srtp_unprotect_mki(session, packet, octets, use_mki);
    stream->rtp_rdbx = window;
    return status;
  }

  // Shares the template's keys; nothing of it is freed.
  srtp_stream_ctx_t passing = *session->stream_template;
  passing.ssrc = htonl(ssrc);
  passing.rtp_rdbx = guess;
  passing.pending_roc = 0;
  srtp_stream_list_insert(session->stream_list, &passing);
  const srtp_err_status_t status = srtp_unprotect_mki(session, packet, octets, use_mki);
  srtp_stream_list_remove(session->stream_list, &passing);
  return status;
}

srtp_err_status_t srtp_expect_index(srtp_t session, uint32_t ssrc, uint64_t index) {
  const srtp_err_status_t status = srtp_add_stream_like_template(session, ssrc);
  if (status != srtp_err_status_ok) return status;
  srtp_stream_ctx_t *stream = srtp_get_stream(session, htonl(ssrc));
  stream->pending_roc = 0;
  stream->rtp_rdbx.index = index - 1;
  bitvector_set_to_zero(&stream->rtp_rdbx.bitmask);
  return srtp_err_status_ok;
}
