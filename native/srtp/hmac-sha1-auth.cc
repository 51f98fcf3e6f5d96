#include "srtp/hmac-sha1-auth.h"

#include <alloc.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <span>
#include <type_traits>

#include "crypto/hmac-sha1.h"

namespace sallyport::srtp {

namespace {

using crypto::HmacSha1;

/// What libsrtp frees with one call: its own view of the algorithm and, behind it, ours.
struct Auth {
  srtp_auth_t view;
  HmacSha1 hmac;
};

static_assert(std::is_standard_layout_v<Auth>);  // a pointer to `view` is one to the whole

HmacSha1& hmacOf(void* state) noexcept { return *static_cast<HmacSha1*>(state); }

/// libsrtp counts octets in int; false where that cannot be a length.
bool isLength(const std::uint8_t* bytes, int octets) noexcept {
  return octets == 0 || (octets > 0 && bytes != nullptr);
}

std::span<const std::uint8_t> spanOf(const std::uint8_t* bytes, int octets) noexcept {
  return {bytes, static_cast<std::size_t>(octets)};
}

bool isTagLength(int octets) noexcept {
  return octets >= 0 && octets <= static_cast<int>(crypto::kSha1DigestOctets);
}

srtp_err_status_t allocate(srtp_auth_t** result, int keyOctets, int tagOctets) noexcept {
  if (keyOctets < 0 || !isTagLength(tagOctets)) return srtp_err_status_bad_param;
  void* const memory = srtp_crypto_alloc(sizeof(Auth));
  if (memory == nullptr) return srtp_err_status_alloc_fail;

  auto* const auth = new (memory) Auth;
  auth->view = {.type = &kHmacSha1Auth,
                .state = &auth->hmac,
                .out_len = tagOctets,
                .key_len = keyOctets,
                .prefix_len = 0};
  *result = &auth->view;
  return srtp_err_status_ok;
}

srtp_err_status_t deallocate(srtp_auth_t* view) noexcept {
  auto* const auth = reinterpret_cast<Auth*>(view);
  std::destroy_at(auth);
  srtp_crypto_free(auth);
  return srtp_err_status_ok;
}

srtp_err_status_t setKey(void* state, const std::uint8_t* key, int octets) noexcept {
  if (!isLength(key, octets)) return srtp_err_status_bad_param;
  hmacOf(state).setKey(spanOf(key, octets));
  return srtp_err_status_ok;
}

srtp_err_status_t start(void* state) noexcept {
  hmacOf(state).start();
  return srtp_err_status_ok;
}

srtp_err_status_t update(void* state, const std::uint8_t* part, int octets) noexcept {
  if (!isLength(part, octets)) return srtp_err_status_bad_param;
  hmacOf(state).update(spanOf(part, octets));
  return srtp_err_status_ok;
}

srtp_err_status_t compute(void* state, const std::uint8_t* lastPart, int octets, int tagOctets,
                          std::uint8_t* tag) noexcept {
  if (!isLength(lastPart, octets) || !isTagLength(tagOctets)) return srtp_err_status_bad_param;
  hmacOf(state).update(spanOf(lastPart, octets));
  const HmacSha1::Tag whole = hmacOf(state).finish();
  std::copy_n(whole.begin(), tagOctets, tag);
  return srtp_err_status_ok;
}

template <std::size_t octets>
constexpr std::array<std::uint8_t, octets> filledWith(std::uint8_t octet) {
  std::array<std::uint8_t, octets> bytes{};
  bytes.fill(octet);
  return bytes;
}

template <std::size_t octetsAndNul>
constexpr auto bytesOf(const char (&text)[octetsAndNul]) {
  std::array<std::uint8_t, octetsAndNul - 1> bytes{};
  std::copy_n(text, bytes.size(), bytes.begin());
  return bytes;
}

template <std::size_t keyOctets, std::size_t dataOctets, std::size_t tagOctets>
constexpr srtp_auth_test_case_t testCase(const std::array<std::uint8_t, keyOctets>& key,
                                         const std::array<std::uint8_t, dataOctets>& data,
                                         const std::array<std::uint8_t, tagOctets>& tag,
                                         const srtp_auth_test_case_t* next) {
  return {keyOctets, key.data(), dataOctets, data.data(), tagOctets, tag.data(), next};
}

// RFC 2202 §3: a short key, data of more than one block with the padding in a block of its own, and
// a key longer than a block. libsrtp adds its own case, the first of the same list.
constexpr auto kKey2 = bytesOf("Jefe");
constexpr auto kData2 = bytesOf("what do ya want for nothing?");
constexpr std::array<std::uint8_t, 20> kTag2{0xef, 0xfc, 0xdf, 0x6a, 0xe5, 0xeb, 0x2f,
                                             0xa2, 0xd2, 0x74, 0x16, 0xd5, 0xf1, 0x84,
                                             0xdf, 0x9c, 0x25, 0x9a, 0x7c, 0x79};
constexpr auto kKey3 = filledWith<20>(0xaa);
constexpr auto kData3 = filledWith<50>(0xdd);
constexpr std::array<std::uint8_t, 20> kTag3{0x12, 0x5d, 0x73, 0x42, 0xb9, 0xac, 0x11,
                                             0xcd, 0x91, 0xa3, 0x9a, 0xf4, 0x8a, 0xa1,
                                             0x7b, 0x4f, 0x63, 0xf1, 0x75, 0xd3};
constexpr auto kKey7 = filledWith<80>(0xaa);
constexpr auto kData7 =
    bytesOf("Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data");
constexpr std::array<std::uint8_t, 20> kTag7{0xe8, 0xe9, 0x9d, 0x0f, 0x45, 0x23, 0x7d,
                                             0x78, 0x6d, 0x6b, 0xba, 0xa7, 0x96, 0x5c,
                                             0x78, 0x08, 0xbb, 0xff, 0x1a, 0x91};
constexpr srtp_auth_test_case_t kCase7 = testCase(kKey7, kData7, kTag7, nullptr);
constexpr srtp_auth_test_case_t kCase3 = testCase(kKey3, kData3, kTag3, &kCase7);
constexpr srtp_auth_test_case_t kCase2 = testCase(kKey2, kData2, kTag2, &kCase3);

}  // namespace

const srtp_auth_type_t kHmacSha1Auth{
    .alloc = allocate,
    .dealloc = deallocate,
    .init = setKey,
    .compute = compute,
    .update = update,
    .start = start,
    .description = "HMAC-SHA1 that allocates nothing per packet",
    .test_data = &kCase2,
    .id = SRTP_HMAC_SHA1,
};

}  // namespace sallyport::srtp
