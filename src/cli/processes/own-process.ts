import process from 'node:process';
import {SallyportError} from '../../base/error.js';
import {SocketLink} from '../../io/links/socket-link.js';
import {PrivateReceiver} from '../../trusted/media/processes/private-channel.js';
import {hardenProcess} from '../../trusted/media/processes/process-hardening.js';
import {readConfinement} from './confinement.js';
import type {FromProcess, ProcessReport} from './control-messages.js';

/** What a process that the toolbox process started stands on. */
export type OwnProcess = {
	/** To the toolbox. */
	readonly requests: SocketLink;
	readonly channel: PrivateReceiver;
	readonly report: ProcessReport;
	/**
	 * Hears what the toolbox process says, one message at a time; a failure, or a message that is none, is reported and ends this
	 * process.
	 */
	readonly obey: <Message>(
		parse: (message: unknown) => Message | undefined,
		act: (message: Message) => void | Promise<void>,
	) => void;
	readonly say: (message: FromProcess) => void;
};

/**
 * Makes of this process one of the three: hardened before anything else, deaf to the signals of a terminal or a service manager,
 * which are for the toolbox process, and ended soon after that, whatever happens here.
 */
export function becomeProcess(): OwnProcess {
	const hardening = hardenProcess();
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
		process.on(signal, () => {});
	}

	const report = {
		uid: process.getuid?.() ?? 0,
		gid: process.getgid?.() ?? 0,
		hardening,
		...readConfinement(process.env['SALLYPORT_CONFINEMENT']),
	};
	const fromToolbox = {maxFrameOctets: maxTrustedOctets};
	const requests = new SocketLink(3, fromToolbox);
	const control = new SocketLink(4, fromToolbox);
	const channel = new PrivateReceiver(5, aloneMs);
	const say = (message: FromProcess) => {
		try {
			control.postMessage(message);
		} catch (error) {
			if (message.kind === 'event' && error instanceof SallyportError) {
				// Too long: what happened is said all the same.
				const {legs: _, ...figures} = message.figures;
				control.postMessage({...message, figures});
			} else if (message.kind === 'answer') {
				control.postMessage({...message, body: {error: 'Expected fewer figures.'}});
			}
		}
	};
	return {
		requests,
		channel,
		report,
		say,
		obey: (parse, act) => {
			let turn = Promise.resolve();
			control.on('message', (message) => {
				turn = turn
					.then(() => {
						const said = parse(message);
						if (said === undefined) {
							throw new SallyportError('BAD_REQUEST', 'Expected a message of the toolbox process as agreed.');
						}

						return act(said);
					})
					.catch((error: unknown) => {
						say(failureOf(error));
						setTimeout(() => process.exit(1), 100);
					});
			});
		},
	};
}

function failureOf(error: unknown): FromProcess {
	return error instanceof SallyportError
		? {kind: 'failed', code: error.code, message: error.message.slice(0, 2000)}
		: {kind: 'failed', code: 'INTERNAL', message: 'Expected no fault of our own, met one.'};
}

/** Routes by the hundred thousand may come. */
const maxTrustedOctets = 268_435_456;
const aloneMs = 5000;
