import {isIP} from 'node:net';
import type {KeyChannelRequest, SourcePolicy} from '../../media/protocol.js';
import type {Peer} from '../policy/policy.js';
import type {MessageOrigin} from '../protocol.js';
import type {ToolboxState} from '../toolbox-state.js';
import {canonicalAddress, type Places} from './network.js';

/** Which sources may send media to a leg whose signalling was let through from `origin`. */
export function mediaSourceOf(
	{mediaSource, originScope, originEvidence}: Peer,
	{address}: MessageOrigin,
	places: Places,
	isSrtp: boolean,
): SourcePolicy {
	if (mediaSource === 'learned') {
		return {kind: isSrtp ? 'learned' : 'declared'};
	}

	// Behind proxies the address of the signalling is the proxy's.
	if (mediaSource === 'declared' || originEvidence === 'signed') {
		return {kind: 'declared'};
	}

	const place = places.placeOf(address, originScope);
	return isIP(place) === 0
		? {kind: 'subnet', network: place}
		: {kind: 'signalling-address', address: canonicalAddress(address)};
}

/**
 * The media plane has heard a leg. Where its party is proven the packets have authenticated, since its leg has SRTP: the
 * address goes into the history as one of media, and raises an alert where nothing of the identity ever came from there.
 */
export function noteMediaOrigin(
	{services, time}: ToolboxState,
	{call, leg: legName, address}: KeyChannelRequest & {readonly kind: 'heard-from'},
): void {
	const {identity, peer, origin} = services.calls.leg(call, legName);
	if (identity === '' || peer === undefined) {
		return;
	}

	const {origins, alerts} = services;
	const nowMs = time.nowMs();
	const place = origins.places.placeOf(address, peer.originScope);
	const known = [...peer.addresses, ...origins.addressesOf(identity, nowMs).map((record) => record.address)];
	if (
		peer.mediaSource !== 'declared' &&
		!known.some((one) => origins.places.placeOf(one, peer.originScope) === place)
	) {
		const detail = `Media of a known identity from a new address, ${address}.`;
		alerts.raise({atMs: nowMs, kind: 'origin', reason: 'ORIGIN_NEW', identity, origin: origin ?? null, call, detail});
	}

	origins.learn(identity, [{address, evidence: 'media'}], nowMs);
}
