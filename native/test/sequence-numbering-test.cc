// No number leaves twice, and every packet that is no duplicate leaves (RFC 3711 §9.1).
#include "media/sequence-numbering.h"

#include <map>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "test/story.h"

namespace sallyport::media {

namespace {

using test::expect;
using test::Story;
using Order = SequenceNumbering::Order;

/// Numbers `sequenceNumber` with a timestamp of its own for each number.
SequenceNumbering::Verdict feed(SequenceNumbering& numbering, unsigned sequenceNumber,
                                std::uint32_t epoch = 0, bool isSent = true) {
  return numbering.number(static_cast<std::uint16_t>(sequenceNumber), epoch + sequenceNumber * 160,
                          isSent);
}

const Story keeps("packets in order, lost, late and after a jump ahead keep their numbers", [] {
  SequenceNumbering numbering;
  for (const unsigned number : {65530U, 65531U, 65535U, 65534U, 0U, 1U, 30'000U, 29'990U}) {
    expect(feed(numbering, number).sequenceNumber == number);
  }
  expect(numbering.isIdentity() && numbering.restarts() == 0);
  expect(feed(numbering, 29'990).order == Order::duplicate);
  expect(numbering.originalExtended(0x0007'1234) == 0x0007'1234);
});

const Story counts("what should have come is counted over gaps and restarts (RFC 3550 A.3)", [] {
  SequenceNumbering numbering;
  (void)feed(numbering, 100);
  (void)feed(numbering, 109);
  expect(numbering.expectedPackets() == 10);
  expect(feed(numbering, 98).order == Order::late && numbering.expectedPackets() == 12);
  (void)feed(numbering, 50'000);
  expect(numbering.restarts() == 1 && numbering.expectedPackets() == 13);
});

const Story continues("a sender that goes back is carried on above the highest number sent", [] {
  SequenceNumbering numbering;
  for (unsigned number = 20'990; number <= 21'001; ++number) (void)feed(numbering, number);
  expect(feed(numbering, 10, 7).sequenceNumber == 21'002);
  expect(feed(numbering, 11, 7).sequenceNumber == 21'003);
  expect(feed(numbering, 11, 7).order == Order::duplicate);
  expect(feed(numbering, 15, 7).sequenceNumber == 21'007);
  expect(feed(numbering, 14, 7).order == Order::late);

  expect(numbering.original(21'003) == 11 && numbering.original(21'001) == 21'001);
  expect(numbering.originalExtended(21'007) == 15);
  expect(!numbering.isSameRun(21'001, 21'002) && numbering.isSameRun(21'002, 21'007));
});

const Story goesBackALittle("a sender that goes back by less than the window is no duplicate", [] {
  SequenceNumbering numbering;
  for (unsigned number = 100; number < 150; ++number) (void)feed(numbering, number);
  for (unsigned number = 120; number < 150; ++number) {
    const auto verdict = feed(numbering, number, 99);
    expect(verdict.order != Order::duplicate && verdict.sequenceNumber == number + 30);
  }
  expect(numbering.restarts() == 1);
});

const Story counterCycles("cycles of the own numbering come back as the sender's", [] {
  SequenceNumbering numbering;
  for (unsigned number = 0; number < 70'000; number += 100) (void)feed(numbering, number);
  (void)feed(numbering, 5, 1);
  for (unsigned number = 6; number < 66'000; number += 1000) (void)feed(numbering, number, 1);
  // 69900 was the highest: 70000 - 100; the second run began one above it.
  const std::uint32_t sent = 69'901 + (65'006 - 5);
  expect(numbering.originalExtended(sent) == 65'006);
  expect(numbering.originalExtended(0x0007'0000 | (sent & 0xffff)) == 65'006);
});

const Story holds("a hold of more than half a cycle ends above what was sent", [] {
  SequenceNumbering numbering;
  (void)feed(numbering, 1000);
  for (unsigned number = 1001; number < 41'000; ++number) {
    (void)feed(numbering, number, 0, false);
  }
  expect(feed(numbering, 41'000).sequenceNumber == 1001);
  expect(feed(numbering, 41'001).sequenceNumber == 1002);
  expect(numbering.restarts() == 0 && numbering.expectedPackets() == 40'002);

  for (unsigned number = 41'002; number < 100'000; ++number) {
    (void)feed(numbering, number, 0, false);
  }
  expect(feed(numbering, 7, 3).sequenceNumber == 1003);
});

const Story shortHold("after a short hold the numbers go on as they come", [] {
  SequenceNumbering numbering;
  (void)feed(numbering, 1000);
  for (unsigned number = 1001; number < 2000; ++number) (void)feed(numbering, number, 0, false);
  expect(feed(numbering, 2000).sequenceNumber == 2000 && numbering.isIdentity());
});

const Story otherSender("another sender's equal packets are no duplicates", [] {
  SequenceNumbering numbering;
  (void)feed(numbering, 100);
  (void)feed(numbering, 102);
  numbering.onSenderChange();
  expect(feed(numbering, 101).sequenceNumber == 101);
  expect(feed(numbering, 102).sequenceNumber == 103 && numbering.restarts() == 1);
  expect(feed(numbering, 102).order == Order::duplicate);
  numbering.onSenderChange();
  expect(feed(numbering, 103).sequenceNumber == 104 && numbering.restarts() == 1);
});

/// A sender and a network of the worst kind.
class Chaos {
 public:
  explicit Chaos(unsigned seed) : random_(seed), number_(random_()), timestamp_(random_()) {}

  struct Packet {
    std::uint16_t number;
    std::uint32_t timestamp;
    bool isDuplicate;
  };

  Packet next() {
    const unsigned act = random_() % 100;
    if (act < 4 && !recent_.empty()) {
      return {recent_.back().first, recent_.back().second, true};
    }
    if (act < 6) number_ = static_cast<std::uint16_t>(random_());
    if (act < 8) number_ = static_cast<std::uint16_t>(number_ - random_() % 300);
    if (act < 12) number_ = static_cast<std::uint16_t>(number_ + random_() % 1000);
    if (act < 20 && !held_.empty()) {
      const auto late = held_.back();
      held_.pop_back();
      recent_.push_back(late);
      return {late.first, late.second, false};
    }
    ++number_;
    timestamp_ += 160 + random_() % 3;
    if (act < 25) {
      held_.emplace_back(number_, timestamp_);
      ++number_;
      timestamp_ += 160;
    }
    recent_.emplace_back(number_, timestamp_);
    return {number_, timestamp_, false};
  }

 private:
  std::mt19937 random_;
  std::uint16_t number_;
  std::uint32_t timestamp_;
  std::vector<std::pair<std::uint16_t, std::uint32_t>> recent_;
  std::vector<std::pair<std::uint16_t, std::uint32_t>> held_;
};

const Story neverRepeats("whatever a sender does, no extended number leaves twice", [] {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    Chaos chaos(seed);
    SequenceNumbering numbering;
    std::set<std::int64_t> sent;
    std::int64_t highest = -1;
    for (int i = 0; i < 5000; ++i) {
      const bool isSent = i % 1000 < 900;
      const Chaos::Packet packet = chaos.next();
      const auto verdict = numbering.number(packet.number, packet.timestamp, isSent);
      if (packet.isDuplicate) {
        expect(verdict.order == Order::duplicate);
        continue;
      }
      if (verdict.order == Order::duplicate) {
        // Another packet whose number and folded timestamp agree with one near by.
        expect(false);
        continue;
      }
      if (!isSent) continue;
      // Extended as a receiver does it that heard everything (RFC 3711 §3.3.1).
      if (highest < 0) highest = verdict.sequenceNumber;
      const auto distance =
          static_cast<std::int16_t>(verdict.sequenceNumber - static_cast<std::uint16_t>(highest));
      const std::int64_t extended = highest + distance;
      expect(extended >= 0 && sent.insert(extended).second);
      expect(extended > highest - static_cast<std::int64_t>(SequenceNumbering::kLatePackets));
      highest = std::max(highest, extended);
    }
  }
});

}  // namespace

}  // namespace sallyport::media
