// Archives as package managers want them, made from [name, text] pairs. SPDX-License-Identifier: Apache-2.0
import { gzipSync } from 'node:zlib';

/** A .tgz of plain files (POSIX ustar). */
export function tgz(files) {
  const blocks = [];
  for (const [name, text] of files) {
    const content = Buffer.from(text);
    const head = Buffer.alloc(512);
    const number = (value, size) => `${value.toString(8).padStart(size - 1, '0')}\0`;
    head.write(name, 0);
    head.write(number(0o644, 8), 100);
    head.write(number(0, 8), 108);
    head.write(number(0, 8), 116);
    head.write(number(content.length, 12), 124);
    head.write(number(0, 12), 136);
    // The sum counts its own field as blanks.
    head.write('        0', 148);
    head.write('ustar\x0000', 257, 'latin1');
    const sum = head.reduce((total, octet) => total + octet, 0);
    head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    blocks.push(head, content, Buffer.alloc((512 - (content.length % 512)) % 512));
  }
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

function crc32(octets) {
  let sum = 0xffffffff;
  for (const octet of octets) {
    sum ^= octet;
    for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return (sum ^ 0xffffffff) >>> 0;
}

/** A .zip of plain files, stored as they are. */
export function zip(files) {
  const locals = [];
  const entries = [];
  let offset = 0;
  for (const [name, text] of files) {
    const content = Buffer.from(text);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x21, 8); // the first of January 1980
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(content.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, Buffer.from(name)]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    const made = Buffer.from('PK\x01\x02\x14\x00', 'latin1');
    entries.push(Buffer.concat([made, common, tail, Buffer.from(name)]));
    locals.push(local, content);
    offset += local.length + content.length;
  }
  const directory = Buffer.concat(entries);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}
