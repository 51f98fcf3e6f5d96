/** `name` in its long form and usual spelling; a name that we do not know stays as it is. */
export function canonicalHeaderName(name: string): string {
	return canonicalNames.get(name) ?? canonicalNames.get(name.toLowerCase()) ?? name;
}

/** True where the header's grammar is a comma-separated list, so that one line may carry several values. */
export function isListHeader(canonicalName: string): boolean {
	return listHeaders.has(canonicalName);
}

/** True for the headers that may stand in a message once only, and whose repetition makes it ambiguous. */
export function isSingleHeader(canonicalName: string): boolean {
	return singleHeaders.has(canonicalName);
}

/** True for a method of the IANA registry: one that exists, whether we take it or not. */
export function isSipMethod(method: string): boolean {
	return methods.has(method);
}

const methods: ReadonlySet<string> = new Set([
	'ACK',
	'BYE',
	'CANCEL',
	'INFO',
	'INVITE',
	'MESSAGE',
	'NOTIFY',
	'OPTIONS',
	'PRACK',
	'PUBLISH',
	'REFER',
	'REGISTER',
	'SUBSCRIBE',
	'UPDATE',
]);

const compactForms: Readonly<Record<string, string>> = {
	a: 'Accept-Contact',
	b: 'Referred-By',
	c: 'Content-Type',
	d: 'Request-Disposition',
	e: 'Content-Encoding',
	f: 'From',
	i: 'Call-ID',
	j: 'Reject-Contact',
	k: 'Supported',
	l: 'Content-Length',
	m: 'Contact',
	n: 'Identity-Info',
	o: 'Event',
	r: 'Refer-To',
	s: 'Subject',
	t: 'To',
	u: 'Allow-Events',
	v: 'Via',
	x: 'Session-Expires',
	y: 'Identity',
};

const listHeaders: ReadonlySet<string> = new Set([
	'Accept',
	'Accept-Contact',
	'Accept-Encoding',
	'Accept-Language',
	'Accept-Resource-Priority',
	'Alert-Info',
	'Allow',
	'Allow-Events',
	'Call-Info',
	'Contact',
	'Content-Encoding',
	'Content-Language',
	'Diversion',
	'Error-Info',
	'Geolocation',
	'History-Info',
	'In-Reply-To',
	'P-Asserted-Identity',
	'P-Associated-URI',
	'P-Early-Media',
	'P-Preferred-Identity',
	'Path',
	'Proxy-Require',
	'Reason',
	'Record-Route',
	'Recv-Info',
	'Reject-Contact',
	'Request-Disposition',
	'Require',
	'Resource-Priority',
	'Route',
	'Security-Client',
	'Security-Server',
	'Security-Verify',
	'Service-Route',
	'Supported',
	'Unsupported',
	'Via',
	'Warning',
]);

const singleHeaders: ReadonlySet<string> = new Set([
	'CSeq',
	'Call-ID',
	'Content-Disposition',
	'Content-Length',
	'Content-Transfer-Encoding',
	'Content-Type',
	'Date',
	'Event',
	'Expires',
	'From',
	'Max-Forwards',
	'MIME-Version',
	'Min-Expires',
	'Min-SE',
	'RAck',
	'RSeq',
	'Refer-To',
	'Referred-By',
	'Replaces',
	'Reply-To',
	'Session-Expires',
	'Subscription-State',
	'To',
]);

const otherHeaders: readonly string[] = [
	'Authentication-Info',
	'Authorization',
	'Content-ID',
	'Identity',
	'Identity-Info',
	'Organization',
	'Priority',
	'Privacy',
	'Proxy-Authenticate',
	'Proxy-Authorization',
	'Retry-After',
	'SIP-ETag',
	'SIP-If-Match',
	'Server',
	'Subject',
	'Timestamp',
	'User-Agent',
	'User-to-User',
	'WWW-Authenticate',
];

const canonicalNames: ReadonlyMap<string, string> = new Map([
	...[...listHeaders, ...singleHeaders, ...otherHeaders].flatMap((name): [string, string][] => [
		[name, name],
		[name.toLowerCase(), name],
	]),
	...Object.entries(compactForms),
]);
