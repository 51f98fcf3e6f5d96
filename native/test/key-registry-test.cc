// Master keys are counted over all sessions of the process, and protect for one leg only.
#include "srtp/key-registry.h"

#include <numeric>
#include <thread>
#include <vector>

#include "srtp/key-budget.h"
#include "test/relay-fixture.h"
#include "test/story.h"

namespace sallyport::srtp {

namespace {

using media::Bytes;
using media::rtpPacket;
using media::sealRtp;
using test::expect;
using test::Story;

constexpr Suite kSuite = Suite::aesCm128HmacSha1Tag80;

SessionOptions optionsOf(const std::shared_ptr<const MasterKey>& key, std::uint64_t lifetime) {
  SessionOptions options;
  options.keys.push_back({key, {}, lifetime});
  return options;
}

std::shared_ptr<const MasterKey> freshKey(Suite suite = kSuite) {
  return std::make_shared<const MasterKey>(MasterKey::generate(suite).value());
}

/// The same key with another salt, or for another suite.
std::shared_ptr<const MasterKey> relatedKey(const MasterKey& key, Suite suite, std::uint8_t salt) {
  Bytes bytes(traitsOf(suite).masterOctets(), salt);
  std::ranges::copy(key.reveal().first(traitsOf(suite).keyOctets), bytes.begin());
  return std::make_shared<const MasterKey>(MasterKey::copyOf(suite, bytes).value());
}

bool opens(SrtpInbound& inbound, Bytes sealed) { return inbound.unprotectRtp(sealed).ok(); }

const Story shared("two sessions of a key use up one lifetime", [] {
  const auto key = freshKey();
  const auto sender = SrtpOutbound::create(optionsOf(key, 1000)).value();
  const auto first = SrtpInbound::create(optionsOf(key, 10)).value();
  const auto second = SrtpInbound::create(optionsOf(key, 10)).value();
  for (std::uint16_t i = 0; i < 10; ++i) {
    expect(opens(i % 2 == 0 ? *first : *second, sealRtp(*sender, rtpPacket(i))));
  }
  expect(!opens(*first, sealRtp(*sender, rtpPacket(10))));
  expect(!opens(*second, sealRtp(*sender, rtpPacket(11))));
  expect(first->takeNotice() == KeyNotice::expired && !first->takeNotice());
  expect(second->takeNotice() == KeyNotice::expired);
  expect(!opens(*first, sealRtp(*sender, rtpPacket(12))) && !first->takeNotice());
});

const Story alerts("a key past its lifetime goes on where the rule only alerts", [] {
  const auto key = freshKey();
  const auto sender = SrtpOutbound::create(optionsOf(key, 1000)).value();
  SessionOptions options = optionsOf(key, 2);
  options.expiry = ExpiryRule::alert;
  const auto inbound = SrtpInbound::create(options).value();
  for (std::uint16_t i = 0; i < 5; ++i) {
    expect(opens(*inbound, sealRtp(*sender, rtpPacket(i))));
    expect(inbound->takeNotice() == (i == 2 ? std::optional(KeyNotice::expired) : std::nullopt));
  }
});

const Story due("our own key says once that four fifths of it are used, and once that it ended",
                [] {
                  const auto outbound = SrtpOutbound::create(optionsOf(freshKey(), 10)).value();
                  for (std::uint16_t i = 1; i <= 10; ++i) {
                    sealRtp(*outbound, rtpPacket(i));
                    expect(outbound->takeNotice() ==
                           (i == 8 ? std::optional(KeyNotice::rekeyDue) : std::nullopt));
                  }
                  for (int i = 0; i < 2; ++i) {
                    Bytes room = rtpPacket(11);
                    room.resize(room.size() + kMaxTrailerOctets);
                    const auto refused = outbound->protectRtp(room, rtpPacket(11).size());
                    expect(!refused && refused.failure() == ProtectFailure::keyExpired);
                    expect(outbound->takeNotice() ==
                           (i == 0 ? std::optional(KeyNotice::expired) : std::nullopt));
                  }
                });

const Story maxima("the maxima of RFC 3711 §9.2 end a key whatever its lifetime and rule", [] {
  KeyUsage usage;
  const KeyBudget budget(usage, kMaxRtpPacketsPerKey, ExpiryRule::alert);
  expect(!budget.isSpent() && !budget.isPastLifetime());
  KeyUsage nearly;
  const KeyBudget short_(nearly, 1, ExpiryRule::alert);
  nearly.countRtcp();
  expect(short_.isPastLifetime() && !short_.isSpent());
  const KeyBudget stopped(nearly, 1, ExpiryRule::stop);
  expect(stopped.isSpent());
});

const Story records(
    "a key has one record whatever its salt and suite, and another key another", [] {
      KeyRegistry registry;
      const auto key = freshKey();
      const auto record = registry.recordOf(*key);
      expect(record == registry.recordOf(*relatedKey(*key, kSuite, 9)));
      expect(record == registry.recordOf(*relatedKey(*key, Suite::aesCm128HmacSha1Tag32, 1)));
      expect(record == registry.recordOf(*relatedKey(*key, Suite::aeadAes128Gcm, 2)));
      expect(record != registry.recordOf(*freshKey()) && registry.size() == 2);
    });

const Story bounded("ended keys are forgotten oldest first, living ones never", [] {
  KeyRegistry registry(4);
  const auto living = freshKey();
  const auto record = registry.recordOf(*living);
  const auto ended = freshKey();
  registry.recordOf(*ended)->isClaimed = true;
  for (int i = 0; i < 2; ++i) registry.recordOf(*freshKey());
  expect(registry.recordOf(*ended)->isClaimed);
  for (int i = 0; i < 100; ++i) registry.recordOf(*freshKey());
  expect(registry.size() == 4);
  expect(registry.recordOf(*living) == record && !registry.recordOf(*ended)->isClaimed);
});

const Story ownedOnce("a key protects for one session that must own it, and never again after", [] {
  const auto key = freshKey();
  const auto owned = [&](const std::shared_ptr<const MasterKey>& of) {
    SessionOptions options = optionsOf(of, kMaxRtpPacketsPerKey);
    options.mustOwnKeys = true;
    return SrtpOutbound::create(options);
  };
  const auto refuses = [&](const std::shared_ptr<const MasterKey>& of) {
    const auto session = owned(of);
    return !session && session.failure() == SessionFailure::keyReused;
  };
  {
    const auto unused = owned(key);
    expect(unused.ok() && refuses(key));
  }
  {
    const auto used = owned(key);
    expect(used.ok());
    sealRtp(*used.value(), rtpPacket(1));
  }
  expect(refuses(key) && refuses(relatedKey(*key, kSuite, 7)));
  expect(refuses(relatedKey(*key, Suite::aeadAes128Gcm, 7)));
  expect(SrtpOutbound::create(optionsOf(key, 5)).ok());  // who does not ask for it may
});

const Story threads("many threads use and count one key without a lock", [] {
  const auto key = freshKey();
  constexpr std::uint16_t packets = 500;
  std::vector<std::thread> senders;
  for (int i = 0; i < 4; ++i) {
    senders.emplace_back([&] {
      const auto sender = SrtpOutbound::create(optionsOf(key, kMaxRtpPacketsPerKey)).value();
      for (std::uint16_t number = 0; number < packets; ++number) {
        sealRtp(*sender, rtpPacket(number));
      }
    });
  }
  for (std::thread& sender : senders) sender.join();
  expect(KeyRegistry::ofProcess().recordOf(*key)->sealed.rtpPackets() == 4U * packets);
});

}  // namespace

}  // namespace sallyport::srtp
