// HMAC-SHA1 (RFC 2104) against published numbers and against OpenSSL's, with both compression
// functions.
#include "crypto/hmac-sha1.h"

#include <auth.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <cstdio>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "crypto/sha1.h"
#include "srtp/hmac-sha1-auth.h"
#include "srtp/srtp-library.h"
#include "test/story.h"

namespace sallyport::crypto {

namespace {

using test::expect;
using test::Story;
using Bytes = std::vector<std::uint8_t>;

/// Every compression function that this processor can run.
std::vector<Sha1Compress> kernels() {
  std::vector<Sha1Compress> all{compressSha1Portably};
  if (const Sha1Compress byExtensions = sha1ByExtensions()) {
    all.push_back(byExtensions);
  } else {
    std::printf("  this processor has no SHA extensions: the portable function alone is tested\n");
  }
  return all;
}

Bytes fromHex(std::string_view text) {
  Bytes bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    bytes.push_back(
        static_cast<std::uint8_t>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

Bytes fromText(std::string_view text) { return {text.begin(), text.end()}; }

bool equals(const HmacSha1::Tag& tag, const Bytes& expected) {
  return std::ranges::equal(tag, expected);
}

/// SHA-1 of `message`, padded as RFC 3174 §4 says.
Bytes sha1(Sha1Compress compress, const Bytes& message) {
  Bytes padded = message;
  padded.push_back(0x80);
  while (padded.size() % kSha1BlockOctets != kSha1BlockOctets - 8) padded.push_back(0);
  const std::uint64_t bits = message.size() * 8;
  for (int shift = 56; shift >= 0; shift -= 8) {
    padded.push_back(static_cast<std::uint8_t>(bits >> shift));
  }

  Sha1State state = kSha1Start;
  compress(state, padded.data(), padded.size() / kSha1BlockOctets);
  Bytes digest;
  for (const std::uint32_t word : state) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      digest.push_back(static_cast<std::uint8_t>(word >> shift));
    }
  }
  return digest;
}

Bytes repeated(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return fromText(all);
}

const Story hashes("SHA-1 matches RFC 3174 §7.3", [] {
  for (const Sha1Compress compress : kernels()) {
    expect(sha1(compress, fromText("abc")) == fromHex("a9993e364706816aba3e25717850c26c9cd0d89d"));
    expect(sha1(compress, fromText("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) ==
           fromHex("84983e441c3bd26ebaae4aa1f95129e5e54670f1"));
    expect(sha1(compress, repeated("a", 1'000'000)) ==
           fromHex("34aa973cd4c4daa4f61eeb2bdbad27316534016f"));
    expect(sha1(compress,
                repeated("0123456701234567012345670123456701234567012345670123456701234567", 10)) ==
           fromHex("dea356a2cddd90c7a7ecedc5ebb563934f460452"));
  }
});

struct PublishedCase {
  Bytes key;
  Bytes data;
  std::string_view tag;
};

const Story published("HMAC-SHA1 matches RFC 2202 §3", [] {
  const std::vector<PublishedCase> cases{
      {Bytes(20, 0x0b), fromText("Hi There"), "b617318655057264e28bc0b6fb378c8ef146be00"},
      {fromText("Jefe"), fromText("what do ya want for nothing?"),
       "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
      {Bytes(20, 0xaa), Bytes(50, 0xdd), "125d7342b9ac11cd91a39af48aa17b4f63f175d3"},
      {fromHex("0102030405060708090a0b0c0d0e0f10111213141516171819"), Bytes(50, 0xcd),
       "4c9007f4026250c6bc8414f9bf50c86c2d7235da"},
      {Bytes(20, 0x0c), fromText("Test With Truncation"),
       "4c1a03424b55e07fe7f27be1d58bb9324a9a5a04"},
      {Bytes(80, 0xaa), fromText("Test Using Larger Than Block-Size Key - Hash Key First"),
       "aa4ae5e15272d00e95705637ce8a3b55ed402112"},
      {Bytes(80, 0xaa),
       fromText("Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data"),
       "e8e99d0f45237d786d6bbaa7965c7808bbff1a91"},
  };
  for (const Sha1Compress compress : kernels()) {
    HmacSha1 hmac(compress);
    for (const auto& [key, data, tag] : cases) {
      hmac.setKey(key);
      hmac.update(data);
      expect(equals(hmac.finish(), fromHex(tag)));
    }
  }
});

class Random {
 public:
  std::size_t upTo(std::size_t highest) {
    return std::uniform_int_distribution<std::size_t>(0, highest)(engine_);
  }
  Bytes bytes(std::size_t size) {
    Bytes result(size);
    for (std::uint8_t& byte : result) byte = static_cast<std::uint8_t>(upTo(255));
    return result;
  }

 private:
  std::mt19937 engine_{20201};
};

Bytes byOpenssl(const Bytes& key, const Bytes& message) {
  Bytes tag(kSha1DigestOctets);
  unsigned length = 0;
  const std::uint8_t* const from = key.empty() ? tag.data() : key.data();
  HMAC(EVP_sha1(), from, static_cast<int>(key.size()), message.data(), message.size(), tag.data(),
       &length);
  return tag;
}

const Story likeOpenssl("HMAC-SHA1 agrees with OpenSSL for every length, however it is split", [] {
  Random random;
  for (const Sha1Compress compress : kernels()) {
    HmacSha1 hmac(compress);
    for (std::size_t length = 0; length <= 2000; ++length) {
      // Exactly sized, so that the sanitizer sees one octet too far.
      const Bytes key = random.bytes(random.upTo(length % 4 == 0 ? 200 : 20));
      const Bytes message = random.bytes(length);
      const Bytes expected = byOpenssl(key, message);
      hmac.setKey(key);
      hmac.update(message);
      expect(equals(hmac.finish(), expected));

      // The same key serves the next message, and one that was begun and dropped leaves nothing.
      hmac.update(random.bytes(random.upTo(100)));
      hmac.start();
      std::span<const std::uint8_t> rest = message;
      while (!rest.empty()) {
        const std::size_t octets = random.upTo(std::min<std::size_t>(rest.size(), 150));
        hmac.update(rest.first(octets));
        rest = rest.subspan(octets);
      }
      expect(equals(hmac.finish(), expected));
    }
  }
});

const Story dispatch("the SHA extensions are taken where the processor has them", [] {
  const Sha1Compress byExtensions = sha1ByExtensions();
  expect(fastestSha1() == (byExtensions != nullptr ? byExtensions : compressSha1Portably));
});

const Story wipes("nothing of the key is left in an object that was dropped", [] {
  alignas(HmacSha1) std::array<std::uint8_t, sizeof(HmacSha1)> memory{};
  auto* const hmac = new (memory.data()) HmacSha1();
  hmac->setKey(Bytes(20, 0x77));
  hmac->update(Bytes(70, 0x66));
  const auto used = memory;
  std::destroy_at(hmac);
  // Compression function and length are no secrets; no other word may stay.
  std::size_t kept = 0;
  for (std::size_t i = 0; i < memory.size(); ++i) {
    if (memory[i] != 0 && memory[i] == used[i]) ++kept;
  }
  expect(kept <= sizeof(Sha1Compress) + sizeof(std::uint64_t));
});

const Story adapter("libsrtp takes it, and it refuses lengths that are none", [] {
  expect(srtp::startLibrary() == srtp::LibraryState::usable);
  const srtp_auth_type_t& type = srtp::kHmacSha1Auth;
  expect(srtp_auth_type_self_test(&type) == srtp_err_status_ok);

  srtp_auth_t* auth = nullptr;
  expect(type.alloc(&auth, 20, 21) == srtp_err_status_bad_param);
  expect(type.alloc(&auth, 20, -1) == srtp_err_status_bad_param);
  expect(type.alloc(&auth, -1, 10) == srtp_err_status_bad_param);
  expect(auth == nullptr);

  expect(type.alloc(&auth, 20, 10) == srtp_err_status_ok);
  expect(srtp_auth_get_key_length(auth) == 20 && srtp_auth_get_tag_length(auth) == 10 &&
         srtp_auth_get_prefix_length(auth) == 0);
  const Bytes key(20, 0x0b);
  Bytes tag(11, 0xee);
  expect(srtp_auth_init(auth, key.data()) == srtp_err_status_ok);
  expect(srtp_auth_start(auth) == srtp_err_status_ok);
  expect(srtp_auth_update(auth, key.data(), -1) == srtp_err_status_bad_param);
  expect(srtp_auth_compute(auth, fromText("Hi There").data(), 8, tag.data()) == srtp_err_status_ok);
  expect(tag == fromHex("b617318655057264e28bee"));
  expect(srtp_auth_dealloc(auth) == srtp_err_status_ok);
});

}  // namespace

}  // namespace sallyport::crypto
