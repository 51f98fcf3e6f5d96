/** The media process: packets, and the keys of live calls. Started by the toolbox process. */
import process from 'node:process';
import {SocketLink} from '../../io/links/socket-link.js';
import {MediaDomain} from '../../trusted/media/media-domain.js';
import {MediaPlane} from '../../trusted/media/media-plane.js';
import {parseToMediaProcess} from './control-messages.js';
import {becomeProcess} from './own-process.js';

const {requests, channel, report, obey, say} = becomeProcess();
let domain: MediaDomain | undefined;
let plane: MediaPlane | undefined;

// A key lies in the vault before the reply that names it is looked at.
requests.on('message', () => channel.drain());
// Without the toolbox nothing vouches for anything: no packet more.
requests.on('close', () => process.exit(1));
obey(parseToMediaProcess, async (said) => {
	switch (said.kind) {
		case 'start':
			plane = MediaPlane.open(said.media);
			domain = new MediaDomain({
				plane,
				toolbox: requests,
				maxCalls: said.maxCalls,
				userGraceMs,
				onBreach: () => say({kind: 'breach', link: 'user'}),
			});
			say({kind: 'ready', report, mediaReport: plane.report});
			break;
		case 'take-link': {
			const descriptor = channel.takeDescriptor();
			if (descriptor !== undefined) {
				attach(descriptor);
			}

			break;
		}

		case 'stop':
			await domain?.close();
			plane?.close();
			process.exit(0);
	}
});

function attach(descriptor: number): void {
	const user = new SocketLink(descriptor);
	user.on('breach', () => say({kind: 'breach', link: 'user'}));
	domain?.attachUser(user);
}

/** How long calls go on while the user process is away. */
const userGraceMs = 60_000;
