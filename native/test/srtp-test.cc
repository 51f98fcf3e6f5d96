// SRTP sessions (RFC 3711) without JavaScript: what the media plane relies on.
#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

#include "srtp/key-vault.h"
#include "srtp/srtp-inbound.h"
#include "srtp/srtp-library.h"
#include "srtp/srtp-outbound.h"
#include "test/story.h"

namespace sallyport::srtp {

namespace {

using test::expect;
using test::Story;
using Bytes = std::vector<std::uint8_t>;

std::shared_ptr<const MasterKey> makeKey(Suite suite) {
  Bytes bytes(traitsOf(suite).masterOctets());
  std::iota(bytes.begin(), bytes.end(), 1);
  return std::make_shared<MasterKey>(MasterKey::copyOf(suite, bytes).value());
}

SessionOptions optionsOf(Suite suite, Bytes mki = {}) {
  SessionOptions options;
  options.keys.push_back({makeKey(suite), std::move(mki), kMaxRtpPacketsPerKey});
  return options;
}

Bytes rtp(std::uint16_t sequenceNumber, std::uint32_t ssrc = 0xcafebabe) {
  Bytes packet(12 + 20, 0xab);
  packet[0] = 0x80;
  packet[1] = 0;
  packet[2] = static_cast<std::uint8_t>(sequenceNumber >> 8);
  packet[3] = static_cast<std::uint8_t>(sequenceNumber);
  for (int i = 0; i < 4; i++) packet[8 + i] = static_cast<std::uint8_t>(ssrc >> (24 - 8 * i));
  return packet;
}

Bytes rtcp() { return {0x80, 0xc9, 0, 1, 0xca, 0xfe, 0xba, 0xbe}; }

template <typename Session, typename Protect>
Result<Bytes, ProtectFailure> seal(Session& outbound, Protect protect, const Bytes& plain) {
  Bytes buffer = plain;
  buffer.resize(plain.size() + kMaxTrailerOctets);
  const auto length = (outbound.*protect)(buffer, plain.size());
  if (!length) return length.failure();
  buffer.resize(length.value());
  return buffer;
}

Result<Bytes, ProtectFailure> sealRtp(SrtpOutbound& outbound, const Bytes& plain) {
  return seal(outbound, &SrtpOutbound::protectRtp, plain);
}

const Story starts("libsrtp starts and its known answers come out",
                   [] { expect(startLibrary() == LibraryState::usable); });

const Story roundTrips(
    "what one side protects the other opens, with every suite, with and without MKI", [] {
      for (const SuiteTraits& suite : kSuites) {
        for (const std::size_t mkiOctets : {std::size_t{0}, std::size_t{1}, kMaxMkiOctets}) {
          const SessionOptions options = optionsOf(suite.suite, Bytes(mkiOctets, 7));
          auto outbound = SrtpOutbound::create(options);
          auto inbound = SrtpInbound::create(options);
          Bytes sealed = sealRtp(*outbound.value(), rtp(1)).value();
          expect(sealed.size() == rtp(1).size() + suite.rtpTagOctets + mkiOctets);
          const auto opened = inbound.value()->unprotectRtp(sealed);
          expect(opened && std::ranges::equal(std::span(sealed).first(opened.value()), rtp(1)));

          Bytes control = seal(*outbound.value(), &SrtpOutbound::protectRtcp, rtcp()).value();
          expect(control.size() == rtcp().size() + 4 + suite.rtcpTagOctets + mkiOctets);
          const auto openedControl = inbound.value()->unprotectRtcp(control);
          expect(openedControl &&
                 std::ranges::equal(std::span(control).first(openedControl.value()), rtcp()));
        }
      }
    });

const Story tooShort("no prefix of a packet is read past its end", [] {
  for (const SuiteTraits& suite : kSuites) {
    const SessionOptions options = optionsOf(suite.suite, Bytes(4, 9));
    auto outbound = SrtpOutbound::create(options);
    auto inbound = SrtpInbound::create(options);
    Bytes plain = rtp(1);
    plain[0] = 0x9f;  // 15 CSRCs and an extension that the packet has no room for
    const Bytes sealed = sealRtp(*outbound.value(), rtp(1)).value();
    for (std::size_t length = 0; length < sealed.size(); length++) {
      // Exactly sized copies, so that the sanitizer sees one octet too far.
      Bytes head(sealed.begin(), sealed.begin() + static_cast<std::ptrdiff_t>(length));
      head.shrink_to_fit();
      expect(!inbound.value()->unprotectRtp(head));
      Bytes control(sealed.begin(), sealed.begin() + static_cast<std::ptrdiff_t>(length));
      control.shrink_to_fit();
      expect(!inbound.value()->unprotectRtcp(control));
    }
    expect(!sealRtp(*outbound.value(), plain));
  }
});

const Story noRoom("a buffer without room for a trailer is refused", [] {
  auto outbound = SrtpOutbound::create(optionsOf(Suite::aeadAes128Gcm));
  Bytes exact = rtp(1);
  const auto outcome = outbound.value()->protectRtp(exact, exact.size());
  expect(!outcome && outcome.failure() == ProtectFailure::malformed);
});

const Story indexEnds("the packet index stops at 2^48 instead of starting again", [] {
  const SessionOptions options = optionsOf(Suite::aesCm128HmacSha1Tag80);
  auto outbound = SrtpOutbound::create(options);
  auto inbound = SrtpInbound::create(options);
  expect(!outbound.value()->setRolloverCounter(0xcafebabe, 0xffff'ffff));
  expect(!inbound.value()->setRolloverCounter(0xcafebabe, 0xffff'ffff));
  Bytes last = sealRtp(*outbound.value(), rtp(0xffff)).value();
  expect(inbound.value()->unprotectRtp(last).ok());
  const auto beyond = sealRtp(*outbound.value(), rtp(0));
  expect(!beyond && beyond.failure() == ProtectFailure::indexExhausted);

  auto fresh = SrtpOutbound::create(options);
  Bytes wrapped = sealRtp(*fresh.value(), rtp(0)).value();
  const auto replayed = inbound.value()->unprotectRtp(wrapped);
  expect(!replayed && replayed.failure() == UnprotectFailure::keyExpired);
});

const Story lifetime("a key ends with its lifetime, counted over all sources and per kind", [] {
  const auto fresh = [](std::uint64_t lifetimePackets) {
    SessionOptions options;
    const auto suite = Suite::aesCm128HmacSha1Tag32;
    options.keys.push_back(
        {std::make_shared<MasterKey>(MasterKey::generate(suite).value()), {}, lifetimePackets});
    return options;
  };
  auto outbound = SrtpOutbound::create(fresh(3));
  SessionOptions options = fresh(3);
  auto inbound = SrtpInbound::create(options);
  options.keys[0].lifetimePackets = kMaxRtpPacketsPerKey;
  auto unlimited = SrtpOutbound::create(options);
  for (std::uint32_t ssrc = 1; ssrc <= 4; ssrc++) {
    const bool isLeft = ssrc <= 3;
    const auto sealed = sealRtp(*outbound.value(), rtp(1, ssrc));
    expect(sealed.ok() == isLeft);
    if (!isLeft) expect(sealed.failure() == ProtectFailure::keyExpired);
    Bytes packet = sealRtp(*unlimited.value(), rtp(1, ssrc)).value();
    const auto opened = inbound.value()->unprotectRtp(packet);
    expect(opened.ok() == isLeft);
    if (!isLeft) expect(opened.failure() == UnprotectFailure::keyExpired);
  }
  const auto control = seal(*outbound.value(), &SrtpOutbound::protectRtcp, rtcp());
  expect(!control && control.failure() == ProtectFailure::keyExpired);
});

const Story rollover("a rollover counter that was set survives the next rollover", [] {
  const SessionOptions options = optionsOf(Suite::aeadAes256Gcm);
  auto outbound = SrtpOutbound::create(options);
  auto inbound = SrtpInbound::create(options);
  expect(sealRtp(*outbound.value(), rtp(65000)).ok());
  expect(!outbound.value()->setRolloverCounter(0xcafebabe, 1));
  expect(!inbound.value()->setRolloverCounter(0xcafebabe, 1));
  for (std::uint32_t index = 65536 + 100; index < 3 * 65536; index += 20000) {
    Bytes packet = sealRtp(*outbound.value(), rtp(static_cast<std::uint16_t>(index))).value();
    expect(inbound.value()->unprotectRtp(packet).ok());
    expect(inbound.value()->rolloverCounter(0xcafebabe) == index >> 16);
    expect(outbound.value()->rolloverCounter(0xcafebabe) == index >> 16);
  }
  expect(outbound.value()->setRolloverCounter(0xcafebabe, 1) == RolloverFailure::wentBack);
});

const Story vault("a deposited key is claimed once", [] {
  KeyVault vault;
  const auto name = vault.deposit(MasterKey::generate(Suite::aeadAes128Gcm).value());
  expect(name.value().size() == 32);
  expect(!vault.claim("00000000000000000000000000000000"));
  expect(vault.claim(name.value()).has_value());
  expect(!vault.claim(name.value()));
  expect(vault.size() == 0);
});

const Story faults("options that contradict each other are refused by name", [] {
  const auto faultOf = [](auto change) {
    SessionOptions options = optionsOf(Suite::aeadAes128Gcm, Bytes{1});
    options.keys.push_back({makeKey(Suite::aeadAes128Gcm), Bytes{2}, kMaxRtpPacketsPerKey});
    change(options);
    return findFault(options);
  };
  expect(!faultOf([](SessionOptions&) {}));
  expect(faultOf([](SessionOptions& o) { o.keys.clear(); }) == SessionFailure::noKey);
  expect(faultOf([](SessionOptions& o) { o.keys[1].mki = {1}; }) == SessionFailure::mkiRepeated);
  expect(faultOf([](SessionOptions& o) { o.keys[1].mki = {}; }) == SessionFailure::mkiMissing);
  expect(faultOf([](SessionOptions& o) {
           o.keys[1].mki = {1, 2};
         }) == SessionFailure::mkiLengthsDiffer);
  expect(faultOf([](SessionOptions& o) { o.keys[1].masterKey = makeKey(Suite::aeadAes256Gcm); }) ==
         SessionFailure::mixedSuites);
  expect(faultOf([](SessionOptions& o) { o.replayWindowPackets = 63; }) ==
         SessionFailure::replayWindowOutOfRange);
  expect(faultOf([](SessionOptions& o) { o.activeKey = 2; }) ==
         SessionFailure::activeKeyOutOfRange);
});

}  // namespace

}  // namespace sallyport::srtp
