"""Files written by one step and read by another, by every way of naming them."""

from __future__ import annotations

from typing import Any

from tests.equivalence.harness import Verdict
from tests.probes.probe import Probe, edges

PD = ("imports", "import numpy as np\nimport pandas as pd\nimport os\nimport json\nimport pickle\n"
      "from pathlib import Path\nimport glob\nimport shutil\nimport sqlite3\nOUT = 'out'\nDATA = Path('data')")  # fmt: skip


def _carries(name: str) -> Any:
    def check(verdict: Verdict) -> None:
        assert any(item[2] == f"@file:{name}" for item in edges(verdict)), edges(verdict)

    return check


def row(id: str, write: str, read: str, carried: str = "", **more: object) -> Probe:
    check = _carries(carried) if carried else None
    return Probe(id, read, [PD, ("step:a", write), ("step:b", read)], check=check, **more)  # type: ignore[arg-type]


def removed(id: str, write: str, remove: str, show: str) -> Probe:
    cells = [PD, ("step:a", write), ("step:b", remove), ("step:c", show)]
    return Probe(id, remove, cells)


PROBES = [
    row("csv", "pd.DataFrame({'v': [1]}).to_csv('o.csv', index=False)", "print(pd.read_csv('o.csv'))", "o.csv"),
    row("csv-keyword", "pd.DataFrame({'v': [1]}).to_csv(path_or_buf='o.csv')", "print(pd.read_csv(filepath_or_buffer='o.csv'))", "o.csv"),
    row("pickle-frame", "pd.Series([1]).to_pickle('o.pkl')", "print(pd.read_pickle('o.pkl'))", "o.pkl"),
    row("json-frame", "pd.DataFrame({'v': [1]}).to_json('o.json')", "print(pd.read_json('o.json'))", "o.json"),
    row("open-with", "with open('o.txt', 'w') as f:\n    f.write('hi')", "with open('o.txt') as f:\n    print(f.read())", "o.txt"),
    row("open-keyword", "with open(file='o.txt', mode='w') as f:\n    f.write('hi')", "print(open(file='o.txt').read())", "o.txt"),
    row("open-append", "open('o.txt', 'w').write('1')\nopen('o.txt', 'a').write('2')", "print(open('o.txt').read())", "o.txt"),
    row("json-dump", "with open('o.json', 'w') as f:\n    json.dump({'a': 1}, f)", "print(json.load(open('o.json')))", "o.json"),
    row("pickle-dump", "pickle.dump([1], open('o.pkl', 'wb'))", "print(pickle.load(open('o.pkl', 'rb')))", "o.pkl"),
    row("np-save", "np.save('o.npy', np.arange(3))", "print(np.load('o.npy'))", "o.npy"),
    row("np-save-without-suffix", "np.save('o', np.arange(3))", "print(np.load('o.npy'))", "o.npy"),
    row("np-savez", "np.savez('o.npz', a=np.arange(3))", "print(np.load('o.npz')['a'])", "o.npz"),
    row("np-savez-without-suffix", "np.savez_compressed('o', a=np.arange(3))", "print(np.load('o.npz')['a'])", "o.npz"),
    row("np-savetxt", "np.savetxt('o.txt', [1., 2.])", "print(np.loadtxt('o.txt'))", "o.txt"),
    row("np-tofile", "np.arange(3).tofile('o.bin')", "print(np.fromfile('o.bin', dtype=int))", "o.bin"),
    row("joblib", "import joblib\njoblib.dump({'a': 1}, 'o.joblib')", "import joblib\nprint(joblib.load('o.joblib'))", "o.joblib"),
    row("joblib-imported", "from joblib import dump\ndump([1], filename='o.joblib')", "from joblib import load\nprint(load('o.joblib'))", "o.joblib"),
    row("os-join", "os.makedirs(OUT, exist_ok=True)\nopen(os.path.join(OUT, 'o.txt'), 'w').write('x')", "print(open(os.path.join(OUT, 'o.txt')).read())", "out/o.txt"),
    row("f-string", "os.makedirs(OUT, exist_ok=True)\nopen(f'{OUT}/o.txt', 'w').write('x')", "print(open(OUT + '/o.txt').read())", "out/o.txt"),
    row("pathlib", "DATA.mkdir(exist_ok=True)\n(DATA / 'o.txt').write_text('x')", "print((DATA / 'o.txt').read_text(), DATA.joinpath('o.txt').exists())", "data/o.txt"),
    row("pathlib-open", "with Path('o.txt').open('w') as f:\n    f.write('x')", "with (Path.cwd() / 'o.txt').open() as f:\n    print(f.read())", "o.txt"),
    row("pathlib-suffix", "p = Path('o.txt')\np.with_suffix('.csv').write_text('v\\n1')", "print(pd.read_csv('o.csv'))", "o.csv"),
    row("path-in-variable", "path = 'o.txt'\nopen(path, 'w').write('x')", "print(open(path).read())", "o.txt"),
    row("path-in-config", "CFG = {'path': 'o.txt'}\nopen(CFG['path'], 'w').write('x')", "print(open(CFG['path']).read())"),
    row("path-in-class", "class Cfg:\n    path = 'o.txt'\nopen(Cfg.path, 'w').write('x')", "print(open(Cfg.path).read())", "o.txt"),
    row("path-in-dataclass", "from dataclasses import dataclass\n@dataclass\nclass Cfg:\n    path: str = 'o.txt'\ncfg = Cfg()\nopen(cfg.path, 'w').write('x')", "print(open(cfg.path).read())"),
    row("helper-writes", "def save(name, v):\n    with open(os.path.join(OUT, name + '.txt'), 'w') as f:\n        f.write(v)\nos.makedirs(OUT, exist_ok=True)\nsave('o', 'x')",
        "print(open('out/o.txt').read())", "out/o.txt"),
    row("loop-of-names", "for n in ['u', 'v']:\n    open(f'{n}.txt', 'w').write(n)", "print(open('u.txt').read(), open('v.txt').read())", "u.txt"),
    row("numbered", "for i in range(3):\n    open(f'fold{i}.txt', 'w').write(str(i))", "print(sorted(open(p).read() for p in glob.glob('fold*.txt')))", "fold*.txt"),
    row("numbered-read-one", "for i in range(3):\n    np.save(f'part_{i}.npy', np.arange(i))", "print(np.load('part_2.npy'))", "part_*.npy"),
    row("folder-listed", "os.makedirs('out')\nfor i in range(2):\n    open(f'out/{i}.txt', 'w').write('x')", "print(sorted(os.listdir('out')))", "out/*.txt"),
    row("folder-globbed", "Path('out').mkdir()\n(Path('out') / 'a.csv').write_text('v\\n1\\n')", "print([pd.read_csv(p).v.sum() for p in Path('out').glob('*.csv')])", "out/a.csv"),
    row("folder-walked", "os.makedirs('out/in')\nopen('out/in/a.txt', 'w').write('x')", "print([f for _, _, f in os.walk('out')])", "out/in/a.txt"),
    row("sqlite", "con = sqlite3.connect('o.db')\npd.DataFrame({'v': [1, 2]}).to_sql('t', con, index=False)\ncon.close()",
        "con = sqlite3.connect('o.db')\nprint(pd.read_sql('select * from t', con))\ncon.close()", "o.db"),
    row("sqlite-execute", "con = sqlite3.connect('o.db')\ncon.execute('create table t (v)')\ncon.execute('insert into t values (5)')\ncon.commit()\ncon.close()",
        "con = sqlite3.connect('o.db')\nprint(con.execute('select * from t').fetchall())\ncon.close()", "o.db"),
    row("copied", "open('a.txt', 'w').write('x')\nshutil.copy('a.txt', 'b.txt')", "print(open('b.txt').read())", "b.txt"),
    row("moved", "open('a.txt', 'w').write('x')\nos.rename('a.txt', 'b.txt')", "print(open('b.txt').read(), os.path.exists('a.txt'))", "b.txt"),
    row("removed", "open('a.txt', 'w').write('x')\nos.remove('a.txt')", "print(os.path.exists('a.txt'))"),
    row("writefile", "%%writefile mod_o.py\nV = 3", "import mod_o\nprint(mod_o.V)", "mod_o.py"),
    row("shell-redirect", "!echo hello > o.txt", "print(open('o.txt').read())", "o.txt"),
    row("shell-touch", "!mkdir -p out && echo 1 > out/o.txt", "print(open('out/o.txt').read())", "out/o.txt"),
    row("savefig", "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.savefig('o.png')\nplt.close()", "print(os.path.getsize('o.png') > 0)", "o.png"),
    row("figure-savefig", "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nfig.savefig(Path('o.png'))\nplt.close()", "print(os.path.exists('o.png'))", "o.png"),
    row("csv-writer", "import csv\nwith open('o.csv', 'w', newline='') as f:\n    csv.writer(f).writerows([[1, 2]])", "import csv\nprint(list(csv.reader(open('o.csv'))))", "o.csv"),
    row("zip", "import zipfile\nwith zipfile.ZipFile('o.zip', 'w') as z:\n    z.writestr('a.txt', 'x')", "import zipfile\nprint(zipfile.ZipFile('o.zip').namelist())", "o.zip"),
    row("gzip", "import gzip\nwith gzip.open('o.gz', 'wt') as f:\n    f.write('x')", "import gzip\nprint(gzip.open('o.gz', 'rt').read())", "o.gz"),
    row("shelve", "import shelve\nwith shelve.open('o_shelf') as s:\n    s['k'] = 1", "import shelve\nwith shelve.open('o_shelf') as s:\n    print(s['k'])"),
    row("parquet-like-excel-writer", "open('o.xlsx', 'wb').write(b'1')", "print(os.path.getsize('o.xlsx'))", "o.xlsx"),
    row("configparser", "import configparser\nc = configparser.ConfigParser()\nc['a'] = {'k': '1'}\nwith open('o.ini', 'w') as f:\n    c.write(f)", "import configparser\nd = configparser.ConfigParser()\nd.read('o.ini')\nprint(d['a']['k'])", "o.ini"),
    row("logging-file", "import logging\nh = logging.FileHandler('o.log')\nlog = logging.getLogger('o')\nlog.addHandler(h)\nlog.error('x')\nlog.removeHandler(h)\nh.close()", "print(open('o.log').read())", "o.log"),
    Probe("three-steps-append", "a log that every step appends to", [
        PD, ("step:a", "open('o.log', 'w').write('a')"), ("step:b", "open('o.log', 'a').write('b')"),
        ("step:c", "open('o.log', 'a').write('c')"), ("step:d", "print(open('o.log').read())")]),
    Probe("overwritten", "a file is written twice", [
        PD, ("step:a", "open('o.txt', 'w').write('a')"), ("step:b", "open('o.txt', 'w').write('b')"),
        ("step:c", "print(open('o.txt').read())")]),
    Probe("read-then-overwritten", "a file is read before another step overwrites it", [
        PD, ("step:a", "open('o.txt', 'w').write('a')"), ("step:b", "x = open('o.txt').read()"),
        ("step:c", "open('o.txt', 'w').write('c')"), ("step:d", "print(x, open('o.txt').read())")]),
    Probe("pattern-and-one", "one of numbered files is written again", [
        PD, ("step:a", "for i in range(2):\n    open(f'f{i}.txt', 'w').write('old')"),
        ("step:b", "open('f1.txt', 'w').write('new')"),
        ("step:c", "print(open('f0.txt').read(), open('f1.txt').read())")]),
    Probe("input-overwritten", "an input file of the user's is overwritten", [
        PD, ("step:a", "x = open('in.txt').read()"), ("step:b", "open('in.txt', 'w').write('changed')"),
        ("step:c", "print(x, open('in.txt').read())")], files={"in.txt": "given"}),
    removed("file-removed", "open('o.txt', 'w').write('x')", "os.remove('o.txt')", "print(os.path.exists('o.txt'))"),
    removed("file-unlinked", "p = Path('o.txt')\np.write_text('x')", "p.unlink()", "print(p.exists(), glob.glob('*.txt'))"),
    removed("folder-removed", "os.makedirs('d')\nopen('d/a', 'w').write('x')", "shutil.rmtree('d')", "print(os.path.exists('d'))"),
    removed("empty-folder-removed", "os.makedirs('d/e')", "os.rmdir('d/e')", "print(os.path.exists('d/e'), os.path.exists('d'))"),
    removed("folder-removed-and-made", "os.makedirs('d')\nopen('d/a', 'w').write('x')",
        "shutil.rmtree('d')\nos.makedirs('d')\nopen('d/b', 'w').write('y')", "print(os.listdir('d'))"),
    removed("file-removed-from-folder", "os.makedirs('d')\nopen('d/a', 'w').write('x')\nopen('d/b', 'w').write('x')", "os.remove('d/a')", "print(os.listdir('d'))"),
    removed("folder-moved", "os.makedirs('d')\nopen('d/a', 'w').write('x')", "shutil.move('d', 'e')", "print(os.path.exists('d'), os.listdir('e'))"),
    removed("file-renamed", "Path('o.txt').write_text('x')", "Path('o.txt').rename('p.txt')", "print(os.path.exists('o.txt'), open('p.txt').read())"),
    Probe("branches-write-one-folder", "two branches write into one folder", [
        PD, ("step:a", "os.makedirs('out')"), ("step:b prev:a", "open('out/b.txt', 'w').write('b')"),
        ("step:c prev:a", "open('out/c.txt', 'w').write('c')"),
        ("step:d prev:b prev:c", "print(sorted(os.listdir('out')))")]),
]  # fmt: skip
