#pragma once

#include <auth.h>
#include <config.h>  // libsrtp's inner headers ask for it

namespace sallyport::srtp {

/// Our HMAC-SHA1 in the form in which libsrtp takes one in place of its own: libsrtp's allocates
/// memory for every packet on OpenSSL 3. Immutable, so that sessions of any thread may point to it.
extern const srtp_auth_type_t kHmacSha1Auth;

}  // namespace sallyport::srtp
