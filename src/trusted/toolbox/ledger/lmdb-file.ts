import {closeSync, fstatSync, openSync, readSync} from 'node:fs';
import {isIntact} from './ledger-record-codec.js';
import {isKeySegment, transientSegment} from './ledger-segment.js';

/** What is wrong with a data file, as the end of a sentence; undefined where nothing is. */
export type FileFault = string | undefined;

/** One tree of the file: LMDB's `MDB_db`. */
type Tree = {
	readonly name: string;
	readonly depth: number;
	readonly leaves: number;
	readonly entries: number;
	readonly root: number;
};

/**
 * Reads LMDB's file as lmdb 3.5 writes it, page by page, before LMDB maps it: it would take a file of length zero for an empty
 * ledger, and end the process at a page that is missing or spoilt. Meta pages, the shape of every tree, the order and number
 * of its entries and the checksum of every record are looked at, up to `mostPages`; of a larger file so much and the newest
 * segments first, since records are looked at once more when they are used.
 */
export function findFileFault(path: string, mostPages = 65_536): FileFault {
	const file = openSync(path, 'r');
	try {
		const {size} = fstatSync(file);
		return new FileCheck(file, size, mostPages).run(path);
	} finally {
		closeSync(file);
	}
}

class FileCheck {
	readonly #file: number;
	readonly #octets: number;
	#pageOctets = 0;
	#pages = 0;
	#left: number;

	constructor(file: number, octets: number, mostPages: number) {
		this.#file = file;
		this.#octets = octets;
		this.#left = mostPages;
	}

	run(path: string): FileFault {
		const head = this.#read(0, Math.min(this.#octets, maxPageOctets + metaOctets));
		const pageOctets = head.length >= metaOctets ? head.readUInt32LE(pageSizeOffset) : 0;
		const metas = [0, pageOctets].filter(
			(at) => at + metaOctets <= head.length && head.readUInt32LE(at + 24) === magic,
		);
		if (metas.length === 0 || pageOctets < 512 || pageOctets > maxPageOctets) {
			return `${path} is empty or not a ledger`;
		}

		const transactionOf = (at: number) => head.readBigUInt64LE(at + lastPageOffset + 8);
		const newest = metas.reduce((a, b) => (transactionOf(b) > transactionOf(a) ? b : a));
		this.#pageOctets = pageOctets;
		this.#pages = Number(head.readBigUInt64LE(newest + lastPageOffset)) + 1;
		if (this.#octets < this.#pages * pageOctets) {
			return `${path} has ${this.#octets} octets where its index speaks of ${this.#pages * pageOctets}`;
		}

		const main = readTree('', head.subarray(newest + mainTreeOffset));
		const trees: Tree[] = [];
		// Numbers are the keys of the table of free pages: not in the order of their octets.
		const free = this.#walk(readTree(freeTable, head.subarray(newest + pageSizeOffset)), (flags, key, value, length) =>
			this.#isFreeList(key, flags & elsewhereFlag ? this.#readElsewhere(value, length) : value),
		);
		const fault = this.#walk(main, (flags, key, value) => {
			if (flags & subtreeFlag && value.length >= treeOctets) {
				trees.push(readTree(key.toString('latin1').replaceAll('\0', ''), value));
			}

			return true;
		});
		// What was claimed last matters most.
		trees.sort((a, b) => (a.name < b.name ? 1 : -1));
		const found = trees.map((tree) => this.#walk(tree, entryCheckOf(tree.name))).find((each) => each !== undefined);
		const wrong = free ?? fault ?? found;
		return wrong === undefined ? undefined : `${path} is spoilt: ${wrong}`;
	}

	/** Goes through a tree in order; undefined where it is as it says that it is. */
	#walk(tree: Tree, isGood: (flags: number, key: Buffer, value: Buffer, length: number) => boolean): FileFault {
		const label = tree.name === '' ? 'its main table' : `its table ${tree.name}`;
		const isUnordered = tree.name === freeTable;
		let entries = 0;
		let leaves = 0;
		let isCut = false;
		const visit = (page: number, level: number): FileFault => {
			if (this.#left-- <= 0) {
				isCut = true;
				return undefined;
			}

			if (page >= this.#pages) {
				return `${label} points past the end`;
			}

			const octets = this.#read(page * this.#pageOctets, this.#pageOctets);
			const [flags, lower, upper] = [octets.readUInt16LE(18), octets.readUInt16LE(20), octets.readUInt16LE(22)];
			const isLeaf = level === tree.depth;
			const count = lower >> 1;
			const isPage = Number(octets.readBigUInt64LE(0)) === page && (flags & 0x0f) === (isLeaf ? 2 : 1);
			if (!isPage || lower > upper || upper > this.#pageOctets - pageHeaderOctets || count === 0) {
				return `page ${page} is not of ${label}`;
			}

			leaves += isLeaf ? 1 : 0;
			let before: Buffer | undefined;
			for (let index = 0; index < count; index++) {
				const node = readNode(octets, octets.readUInt16LE(pageHeaderOctets + 2 * index) + pageHeaderOctets, isLeaf);
				if (!node) {
					return `page ${page} of ${label} cannot be read`;
				}

				// The first key of a branch stands for all that are less.
				const isOrdered = isUnordered || !before || (index === 1 && !isLeaf) || before.compare(node.key) < 0;
				before = node.key;
				if (isLeaf) {
					entries++;
					if (!isOrdered || !isGood(node.flags, node.key, node.value, node.child)) {
						return `an entry on page ${page} of ${label} is not as it was written`;
					}
				} else {
					const fault = isOrdered ? visit(node.child, level + 1) : `page ${page} of ${label} is out of order`;
					if (fault !== undefined) {
						return fault;
					}
				}
			}

			return undefined;
		};

		if (tree.entries === 0 || tree.depth === 0) {
			return tree.entries === 0 && tree.depth === 0 ? undefined : `${label} is neither empty nor full`;
		}

		const fault = tree.depth > mostLevels ? `${label} is too deep` : visit(tree.root, 1);
		const isWhole = isCut || (entries === tree.entries && leaves === tree.leaves);
		return fault ?? (isWhole ? undefined : `${label} has ${entries} entries where it had ${tree.entries}`);
	}

	/** Pages that one transaction gave back: how many numbers, then the numbers; negative ones are lengths of runs. */
	#isFreeList(key: Buffer, value: Buffer | undefined): boolean {
		if (key.length !== 8 || !value || value.length < 8 || value.length % 8 !== 0) {
			return false;
		}

		const count = Number(value.readBigInt64LE(0));
		if (count < 0 || 8 * (count + 1) > value.length) {
			return false;
		}

		for (let index = 1; index <= count; index++) {
			if (Math.abs(Number(value.readBigInt64LE(8 * index))) >= this.#pages) {
				return false;
			}
		}

		return true;
	}

	/** A value on pages of its own; undefined where those are not what they should be. */
	#readElsewhere(pointer: Buffer, length: number): Buffer | undefined {
		const page = Number(pointer.readBigUInt64LE(0));
		if (page >= this.#pages || length > this.#octets) {
			return undefined;
		}

		const octets = this.#read(page * this.#pageOctets, pageHeaderOctets + length);
		const isOverflow = Number(octets.readBigUInt64LE(0)) === page && (octets.readUInt16LE(18) & 0x0f) === 4;
		return isOverflow ? octets.subarray(pageHeaderOctets) : undefined;
	}

	#read(at: number, length: number): Buffer {
		const octets = Buffer.alloc(length);
		readSync(this.#file, octets, 0, length, at);
		return octets;
	}
}

/** Records say for themselves whether they are as they were written. */
function entryCheckOf(name: string): (flags: number, key: Buffer, value: Buffer) => boolean {
	if (!isKeySegment(name) && name !== transientSegment) {
		return () => true;
	}

	// What is too long for a page lies elsewhere, and is looked at when it is used.
	return (flags: number, key: Buffer, value: Buffer) => (flags & elsewhereFlag) !== 0 || isIntact(key, value);
}

/** A node: length of the value or number of the child, flags, length of the key, key, value (`MDB_node`). */
function readNode(page: Buffer, at: number, isLeaf: boolean) {
	if (at + nodeHeaderOctets > page.length) {
		return undefined;
	}

	const [low, high, flags] = [page.readUInt16LE(at), page.readUInt16LE(at + 2), page.readUInt16LE(at + 4)];
	const start = at + nodeHeaderOctets;
	const end = start + page.readUInt16LE(at + 6);
	const length = low + high * 65_536;
	const isElsewhere = isLeaf && (flags & elsewhereFlag) !== 0;
	const valueEnd = isLeaf ? end + (isElsewhere ? 8 : length) : end;
	if (valueEnd > page.length) {
		return undefined;
	}

	return {
		flags: isLeaf ? flags : 0,
		/** Of a leaf: length of the value. */
		child: isLeaf ? length : length + flags * 2 ** 32,
		key: page.subarray(start, end),
		value: page.subarray(end, valueEnd),
	};
}

function readTree(name: string, octets: Buffer): Tree {
	const number = (at: number) => Number(octets.readBigUInt64LE(at));
	return {name, depth: octets.readUInt16LE(6), leaves: number(16), entries: number(32), root: number(40)};
}

const freeTable = 'of free pages';
const magic = 0xbe_ef_c0_de;
/** `mm_dbs[FREE_DBI].md_pad`. */
const pageSizeOffset = 48;
const mainTreeOffset = 96;
const lastPageOffset = 144;
const metaOctets = 160;
const treeOctets = 48;
const pageHeaderOctets = 24;
const nodeHeaderOctets = 8;
const maxPageOctets = 65_536;
const mostLevels = 32;
const elsewhereFlag = 1;
const subtreeFlag = 2;
