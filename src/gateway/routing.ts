import type {SipTarget} from '../core/sip/hop.js';
import {canonicalAor, parseSipUri} from '../wire/sip/uri.js';
import type {LocationService} from './registrar/location-service.js';

/** Where calls to some addresses go. */
export type Route = {
	/** An address of record (`sip:alice@example.com`), a domain (`example.com`), or `*` for every address. */
	readonly to: string;
	/** `registered`: where the called address has registered (`registrar`). */
	readonly target: SipTarget | 'registered';
	/** How the body and the media to that side are protected; the toolbox's policy has the last word. @default 'sealed' */
	readonly protection?: 'sealed' | 'sdes' | 'clear';
	/** Media interface of the leg to that side. @default the first one */
	readonly mediaInterface?: string;
	/** `offer`: RTCP on the port of RTP is offered to that side (RFC 5761). @default it is not */
	readonly rtcpMux?: 'offer';
	/** STUN Binding requests on the ports of that side are answered. @default they are dropped */
	readonly stun?: 'answer';
};

/** A route with the place that it leads to in one call. */
export type ResolvedRoute = Omit<Route, 'target'> & {
	readonly target: SipTarget;
	/** In place of the Request-URI of the caller (RFC 3261 §16.5). */
	readonly contact?: string;
};

/** Where a route leads for a Request-URI; undefined where the called address is not registered. */
export function resolveRoute(
	route: Route,
	requestUri: string,
	locations: Pick<LocationService, 'bindingsOf'> | undefined,
	nowMs: number,
): ResolvedRoute | undefined {
	if (route.target !== 'registered') {
		return {...route, target: route.target};
	}

	const uri = parseSipUri(requestUri);
	const [best] = uri.ok && locations ? locations.bindingsOf(canonicalAor(uri.value), nowMs) : [];
	return best && {...route, target: best.target, contact: best.contact};
}

/** The most specific route for a Request-URI: an address before its domain, a domain before `*`. */
export function findRoute(routes: readonly Route[], requestUri: string): Route | undefined {
	const uri = parseSipUri(requestUri);
	if (!uri.ok) {
		return serviceRoute(routes, requestUri.toLowerCase());
	}

	const aor = canonicalAor(uri.value);
	const domain = canonicalAor({scheme: 'sip', host: uri.value.host, params: []}).slice('sip:'.length);
	const candidates = [
		(to: string) => to.includes('@') && sameAor(to, aor),
		(to: string) => to.toLowerCase() === domain,
		(to: string) => to === '*',
	];
	for (const matches of candidates) {
		const route = routes.find(({to}) => matches(to));
		if (route !== undefined) {
			return route;
		}
	}

	return undefined;
}

/** Of a service (RFC 5031): its own route, else that of the service it is part of (`urn:service:sos.police`: `urn:service:sos`), else `*`. */
function serviceRoute(routes: readonly Route[], service: string): Route | undefined {
	if (!service.startsWith('urn:service:')) {
		return undefined;
	}

	const labels = service.split('.');
	const names = [...labels.map((_, index) => labels.slice(0, labels.length - index).join('.')), '*'];
	return names.map((name) => routes.find(({to}) => to.toLowerCase() === name)).find((route) => route !== undefined);
}

function sameAor(configured: string, aor: string): boolean {
	const uri = parseSipUri(configured.includes(':') ? configured : `sip:${configured}`);
	return uri.ok && canonicalAor(uri.value) === aor;
}
