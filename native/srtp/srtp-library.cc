#include "srtp/srtp-library.h"

#include <srtp.h>

#include <mutex>

#include "srtp/hmac-sha1-auth.h"
#include "srtp/known-answers.h"

namespace sallyport::srtp {

namespace {

/// libsrtp's crypto kernel is one per process; it may be started once and is stopped when we are
/// unloaded.
class Library {
 public:
  Library() noexcept {
    started_ = srtp_init() == srtp_err_status_ok;
    // libsrtp runs its self-tests and ours on what it is given here.
    if (!started_ || srtp_replace_auth_type(&kHmacSha1Auth, SRTP_HMAC_SHA1) != srtp_err_status_ok) {
      state_ = LibraryState::startFailed;
      return;
    }
    srtp_install_event_handler(nullptr);  // key limits are counted by us
    state_ = knownAnswersMatch() ? LibraryState::usable : LibraryState::knownAnswerFailed;
  }
  ~Library() {
    if (started_) srtp_shutdown();
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  LibraryState state() const noexcept { return state_; }

 private:
  bool started_;
  LibraryState state_;
};

}  // namespace

LibraryState startLibrary() noexcept {
  static const Library library;
  return library.state();
}

}  // namespace sallyport::srtp
