// Which sources may send to a leg (DESIGN §3.7).
#include <string>

#include "media/origin-guard.h"
#include "test/story.h"

namespace sallyport::media {

namespace {

using test::expect;
using test::Story;

TransportAddress at(const char* address, std::uint16_t port) {
  return TransportAddress::parse(address, port).value();
}

const TransportAddress alice = at("192.0.2.1", 4000);
const TransportAddress natted = at("198.51.100.7", 62000);
const TransportAddress charles = at("203.0.113.66", 666);

const Story readsAddresses("addresses are numeric, and mapped IPv4 is IPv4", [] {
  expect(!TransportAddress::parse("localhost", 1));
  expect(!TransportAddress::parse("fe80::1%lo", 1));
  expect(at("::ffff:192.0.2.1", 4000) == alice);
  expect(at("2001:DB8::1", 1).addressText() == "2001:db8::1");
  sockaddr_storage storage{};
  alice.toSocketAddress(storage);
  expect(TransportAddress::fromSocketAddress(storage) == alice);
  at("2001:db8::1", 9).toSocketAddress(storage);
  expect(TransportAddress::fromSocketAddress(storage) == at("2001:db8::1", 9));
  storage.ss_family = AF_UNIX;
  expect(!TransportAddress::fromSocketAddress(storage));
});

using Verdict = OriginGuard::Verdict;
using Peer = OriginGuard::Peer;

bool admits(OriginGuard& guard, const TransportAddress& from, std::uint64_t nowMs = 0) {
  return guard.ask(from, nowMs) == Verdict::admitted;
}

/// Asks, and vouches for what was admitted.
std::optional<SourceChange> proves(OriginGuard& guard, const TransportAddress& from,
                                   std::uint64_t nowMs = 0) {
  return admits(guard, from, nowMs) ? guard.onVouched(from) : std::nullopt;
}

const Story tellsUnicast("no peer has a multicast, broadcast, reserved or unspecified address", [] {
  for (const char* text : {"0.0.0.0", "0.1.2.3", "224.0.0.1", "239.255.255.255", "240.0.0.1",
                           "255.255.255.255", "::", "ff02::1"}) {
    expect(!at(text, 4000).isUnicast());
  }
  for (const char* text : {"127.0.0.1", "1.0.0.1", "223.255.255.255", "::1", "fe80::1"}) {
    expect(at(text, 4000).isUnicast());
  }
  expect(!alice.withPort(0).isUnicast() && !TransportAddress().isUnicast());
  expect(!at("::ffff:224.0.0.1", 4000).isUnicast());
});

const Story tellsBlocks("a block of addresses has a length in bits", [] {
  const AddressBlock block(at("192.0.2.128", 0), 25);
  expect(block.contains(at("192.0.2.129", 9)) && block.contains(at("192.0.2.255", 1)));
  expect(!block.contains(at("192.0.2.127", 9)) && !block.contains(at("2001:db8::1", 9)));
  expect(AddressBlock(at("2001:db8::", 0), 32).contains(at("2001:db8:ffff::1", 9)));
  expect(!AddressBlock(at("2001:db8::", 0), 32).contains(at("2001:db9::1", 9)));
  expect(AddressBlock(at("0.0.0.0", 0), 0).contains(charles));
  expect(!AddressBlock().contains(charles) && !AddressBlock().contains(TransportAddress()));
  expect(AddressBlock::ofHost(alice).contains(alice.withPort(9)));
  expect(!AddressBlock::ofHost(alice).contains(at("192.0.2.2", 4000)));
  // A prefix longer than the address has bits is the whole address.
  expect(AddressBlock(alice, 255) == AddressBlock::ofHost(alice));
});

const Story admitsNobody("a guard without a rule admits nobody", [] {
  OriginGuard guard;
  expect(guard.ask(alice, 0) == Verdict::wrongSource);
});

const Story pins("a declared source is the only one, whatever else proves itself", [] {
  OriginGuard guard({.declared = alice});
  expect(admits(guard, alice) && !admits(guard, charles) && !admits(guard, alice.withPort(4001)));
  expect(!guard.onVouched(charles) && !guard.onVouched(alice));
  expect(!admits(guard, charles) && guard.destination() == alice);
});

const Story learnsAtOnce("one proof settles a full tag, and only then the address changes", [] {
  OriginGuard guard({.rule = SourceRule::learned, .declared = alice});
  expect(admits(guard, charles) && guard.destination() == alice);
  guard.onRefuted(charles, 0);
  expect(guard.destination() == alice);
  const auto change = proves(guard, natted);
  expect(change && change->kind == SourceChange::Kind::learned);
  expect(change->from == natted && change->previous == alice);
  expect(guard.isSettled() && guard.destination() == natted);
  expect(admits(guard, natted) && !admits(guard, alice) && !admits(guard, charles));
});

const Story learnsInARow("a short tag takes three proofs in a row from one address", [] {
  OriginGuard guard({.rule = SourceRule::learned, .declared = alice, .proofsToSettle = 3});
  for (const auto& from : {natted, natted, charles, natted, natted}) expect(!proves(guard, from));
  guard.onRefuted(natted, 0);
  expect(!proves(guard, natted) && !proves(guard, natted));
  guard.onRefuted(charles, 0);
  expect(!guard.isSettled() && guard.destination() == alice);
  expect(proves(guard, natted).has_value());
  expect(guard.isSettled() && guard.destination() == natted);
});

const Story limitsTries("strangers' failures have a budget; the peer's own share is not theirs",
                        [] {
                          OriginGuard guard({.rule = SourceRule::learned, .declared = alice});
                          int tried = 0;
                          for (std::uint16_t port = 1; port <= 1000; ++port) {
                            if (!admits(guard, charles.withPort(port))) continue;
                            ++tried;
                            guard.onRefuted(charles.withPort(port), 0);
                          }
                          // One host, many ports: it uses up its own share, and others have theirs.
                          expect(tried == TryBudget::kFailuresPerHost);
                          expect(guard.ask(charles, 0) == Verdict::unproven);
                          expect(admits(guard, natted) && admits(guard, alice));

                          for (std::uint8_t host = 1; host <= 200; ++host) {
                            const std::string text = "198.51.100." + std::to_string(host);
                            const TransportAddress stranger = at(text.c_str(), 9);
                            if (!admits(guard, stranger)) continue;
                            ++tried;
                            guard.onRefuted(stranger, 0);
                          }
                          expect(tried == TryBudget::kFailuresPerSecond);
                          // Now nobody is tried but he who was declared, and in a second all are
                          // again.
                          expect(guard.ask(natted, 999) == Verdict::unproven &&
                                 admits(guard, alice, 999));
                          for (int i = 0; i < 1000; ++i) guard.onRefuted(alice, 999);
                          expect(admits(guard, alice, 999) && admits(guard, natted, 1000) &&
                                 admits(guard, charles, 1000));
                        });

const Story keepsCandidates("who has proved himself once is tried on however many fail", [] {
  OriginGuard guard({.rule = SourceRule::learned, .declared = alice, .proofsToSettle = 3});
  expect(!proves(guard, natted));
  for (std::uint8_t host = 1; host <= 200; ++host) {
    const std::string text = "203.0.113." + std::to_string(host);
    guard.onRefuted(at(text.c_str(), 9), 0);
  }
  expect(guard.ask(charles, 0) == Verdict::unproven);
  expect(!proves(guard, natted) && proves(guard, natted).has_value());
});

const Story fixesThePort("behind a signalling address the first packet fixes the port", [] {
  OriginGuard guard({.rule = SourceRule::signallingAddress,
                     .declared = alice,
                     .block = AddressBlock::ofHost(natted)});
  expect(!admits(guard, alice) && admits(guard, natted) && admits(guard, natted.withPort(9)));
  expect(guard.destination() == alice && proves(guard, natted).has_value());
  expect(guard.destination() == natted && !admits(guard, natted.withPort(9)));
});

const Story fixesTheHost("in a subnet the first packet fixes address and port", [] {
  OriginGuard guard({.rule = SourceRule::subnet,
                     .declared = alice,
                     .block = AddressBlock(at("198.51.100.0", 0), 24)});
  expect(guard.ask(charles, 0) == Verdict::wrongSource &&
         guard.ask(alice, 0) == Verdict::wrongSource);
  const TransportAddress other = at("198.51.100.8", 9);
  expect(admits(guard, other) && proves(guard, natted).has_value());
  expect(!admits(guard, other) && guard.destination() == natted);
});

const Story staysPut("without leave a settled guard never moves", [] {
  OriginGuard guard({.rule = SourceRule::learned, .declared = alice});
  expect(proves(guard, natted).has_value());
  for (int i = 0; i < 100; ++i) expect(!proves(guard, charles));
  expect(guard.destination() == natted);
});

const Story moves("with leave it moves to who proves himself in a row while the old is silent", [] {
  OriginGuard guard({.rule = SourceRule::learned, .declared = alice, .proofsToMove = 5});
  expect(proves(guard, natted).has_value());
  for (int i = 0; i < 4; ++i) expect(!proves(guard, charles));
  // Whatever comes from the old address, also a replay, says that the peer is still there.
  expect(admits(guard, natted));
  for (int i = 0; i < 4; ++i) expect(!proves(guard, charles));
  guard.onRefuted(charles, 0);
  for (int i = 0; i < 4; ++i) expect(!proves(guard, charles));
  const auto change = proves(guard, charles);
  expect(change && change->kind == SourceChange::Kind::moved);
  expect(change->from == charles && change->previous == natted);
  expect(guard.destination() == charles && admits(guard, charles));
  // The old one is now a stranger like others.
  for (int i = 0; i < TryBudget::kFailuresPerHost; ++i) guard.onRefuted(natted, 0);
  expect(guard.ask(natted, 0) == Verdict::wrongSource);
});

const Story movesWithinReach("a move stays within the subnet", [] {
  OriginGuard guard({.rule = SourceRule::subnet,
                     .declared = alice,
                     .block = AddressBlock(at("198.51.100.0", 0), 24),
                     .proofsToMove = 2});
  expect(proves(guard, natted).has_value());
  expect(guard.ask(charles, 0) == Verdict::wrongSource);
  const TransportAddress other = at("198.51.100.8", 9);
  expect(!proves(guard, other) && proves(guard, other).has_value());
});

const Story keepsWhatSettled("the same settings and the same key change nothing", [] {
  const GuardSettings settings{.rule = SourceRule::learned, .declared = alice};
  OriginGuard guard(settings);
  expect(proves(guard, natted).has_value());
  guard.change(settings, Peer::same, 0);
  expect(guard.isSettled() && !admits(guard, charles));
});

const Story rekeys("after a new key packets go where they went until somebody proves himself", [] {
  const GuardSettings settings{.rule = SourceRule::learned, .declared = alice};
  OriginGuard guard(settings);
  expect(proves(guard, natted).has_value());
  guard.change(settings, Peer::rekeyed, 0);
  expect(!guard.isSettled() && guard.destination() == natted && admits(guard, charles));
  expect(proves(guard, charles)->from == charles);
});

const Story gracesFormer("the address before is taken until the first packet from the new", [] {
  OriginGuard guard({.declared = alice});
  guard.change({.declared = natted}, Peer::same, 1000);
  expect(guard.destination() == natted);
  expect(admits(guard, alice, 1500) && !guard.onVouched(alice) && !admits(guard, charles, 1500));
  expect(admits(guard, alice, 2999));
  expect(!proves(guard, natted, 2999));
  expect(!admits(guard, alice, 2999));
});

const Story endsGrace("the address before is not taken for ever, nor after another peer", [] {
  OriginGuard guard({.declared = alice});
  guard.change({.declared = natted}, Peer::rekeyed, 1000);
  expect(admits(guard, alice, 2999) && !admits(guard, alice, 3000));
  guard.change({.declared = charles}, Peer::other, 4000);
  expect(!admits(guard, natted, 4000));
});

const Story settlesAgain("who stays where he was is learned again once the grace is over", [] {
  OriginGuard guard({.rule = SourceRule::learned, .declared = alice});
  expect(proves(guard, natted).has_value());
  guard.change({.rule = SourceRule::learned, .declared = charles}, Peer::same, 1000);
  expect(!proves(guard, natted, 1500) && guard.destination() == charles);
  expect(proves(guard, natted, 3000).has_value() && guard.destination() == natted);
});

}  // namespace

}  // namespace sallyport::media
