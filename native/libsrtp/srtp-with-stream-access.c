// libsrtp's srtp.c and, in the same translation unit because they call its static functions, our
// additions.
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
