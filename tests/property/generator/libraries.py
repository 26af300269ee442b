"""Libraries: random streams, arrays, frames, files, imports, state of the process."""

from __future__ import annotations

from tests.property.generator.statements import Template
from tests.property.generator.world import Signature
from tests.property.generator.writer import Writer


def seed(w: Writer) -> str | None:
    n = w.draw.below(9)
    return w.draw.pick(
        (f"import random\nrandom.seed({n})", f"import numpy as np\nnp.random.seed({n})")
    )


def draws(w: Writer) -> str | None:
    a, path = w.target(), w.path("LI")
    has_python, has_numpy = _seeded(w, "random.seed"), _seeded(w, "np.random.seed")
    forms = []
    if has_python:
        forms += [f"{a} = random.randint(0, 99)", f"{a} = int(random.random() * 100)", "print(random.choice([1, 2, 3]))",
                  f"{a} = [random.randrange(9) for i in range(3)]", f"from random import randint\n{a} = randint(0, 9)"]  # fmt: skip
        forms += [f"random.shuffle({path})", f"{a} = random.sample({path}, 1)"] if path else []
        name = w.world.fresh("f")
        w.world.signatures[name] = Signature((), "I")
        forms += [f"def {name}():\n    return random.randrange(50)", f"random.seed({w.draw.below(5)})",
                  f"{a} = random.getstate()\nrandom.random()\nrandom.setstate({a})"]  # fmt: skip
    if has_numpy:
        forms += [f"{a} = int(np.random.randint(99))", f"{a} = np.random.permutation(4)", f"{a} = np.random.randint(0, 9, 3)",
                  f"np.random.shuffle({w.path('A') or '[1, 2]'})", "np.random.rand(2)"]  # fmt: skip
    forms += [f"import random\n{a} = random.Random({w.draw.below(5)}).randint(0, 9)",
              f"import numpy as np\n{a} = np.random.default_rng({w.draw.below(5)})\nprint({a}.integers(9))"]  # fmt: skip
    return w.draw.pick(forms)


def _seeded(w: Writer, call: str) -> bool:
    name = call.split(".")[0]
    lines = (line for text in w.world.statements for line in text.splitlines())
    return name in w.world.namespace and any(line.startswith(f"{call}(") for line in lines)


def generator_object(w: Writer) -> str | None:
    names = [
        name for name, v in w.world.namespace.items() if type(v).__name__ in ("Random", "Generator")
    ]
    a = w.target()
    if not names:
        return f"import random\n{a} = random.Random({w.draw.below(5)})"
    name = w.draw.pick(names)
    made = type(w.world.namespace[name]).__name__
    return f"{a} = {name}.randint(0, 9)" if made == "Random" else f"{a} = int({name}.integers(9))"


def array_new(w: Writer) -> str | None:
    a, n, items = w.target(), w.expression("I", 1), w.expression("LI", 1)
    return w.draw.pick(
        (f"import numpy as np\n{a} = np.arange(6)", f"import numpy as np\n{a} = np.zeros(4, dtype=int)",
         f"import numpy as np\n{a} = np.array({items}, dtype=int)", f"import numpy as np\n{a} = np.arange(6).reshape(2, 3)",
         f"import numpy as np\n{a} = np.ones((2, 2), dtype=int) * {n}", f"import numpy as np\n{a} = np.array([[1, 2], [3, {n}]])")
    )  # fmt: skip


def array_view(w: Writer) -> str | None:
    path, a = w.path("A", "M"), w.target()
    if path is None:
        return None
    return w.draw.pick(
        (f"{a} = {path}[1:]", f"{a} = {path}[:2]", f"{a} = {path}.reshape(-1)", f"{a} = {path}.T", f"{a} = {path}.ravel()",
         f"{a} = {path}[::-1]", f"{a} = {path}[0]", f"{a} = {path}.view()", f"import numpy as np\n{a} = np.asarray({path})",
         f"{a} = {path}[:, 0]", f"{a} = {path}.copy()", f"{a} = {path}[[0, 1]]", f"{a} = {path}[{path} > 1]", f"{a} = {path} + 1",
         f"{a} = [{path}, {path}[:1]]", f"{a} = {{'k': {path}}}", f"{a} = {path}.flatten()", f"{a} = {path}.astype(int)",
         f"import numpy as np\n{a} = np.split({path}, 2)", f"{a} = {path}.squeeze()", f"{a} = {path}.tolist()",
         f"{a} = list({path})", f"import numpy as np\n{a} = np.where({path} > 1, {path}, 0)", f"{a} = {path}.max()",
         f"{a} = int({path}.sum())", f"{a} = {path}.diagonal()", f"{a} = {path}.swapaxes(0, -1)",
         f"import numpy as np\n{a} = np.concatenate([{path}, {path}])", f"{a} = memoryview({path}.ravel())[:2].tolist()")
    )  # fmt: skip


def array_change(w: Writer) -> str | None:
    path, n = w.path("A", "M"), w.expression("I", 1)
    if path is None:
        return None
    return w.draw.pick(
        (f"{path}[0] = {n}", f"{path} += 1", f"{path}[1:] = {n}", f"{path}.fill({n})", f"{path}.sort()", f"{path}[{path} > 2] = 0",
         f"{path}[..., 0] -= 1", f"import numpy as np\nnp.add({path}, 1, out={path})", f"import numpy as np\nnp.put({path}, [0], [{n}])",
         f"for i in {path}:\n    i += 1", f"{path} *= 2", f"{path}.flat[0] = {n}", f"{path}.reshape(-1)[0] = {n}",
         f"{path}[:2][0] = {n}", f"import numpy as np\nnp.copyto({path}, 0)", f"{path}.itemset(0, 1)", f"{path}.T[0] = {n}",
         f"import numpy as np\nnp.fill_diagonal({path}, {n})", f"{path}.shape = (-1,)", f"print({path})", f"print({path}.sum())",
         f"{path}.setflags(write=True)")
    )  # fmt: skip


def frame_new(w: Writer) -> str | None:
    a, items = w.target(), w.path("DL")
    forms = [f"import pandas as pd\n{a} = pd.DataFrame({{'k': [1, 2, 3], 'm': [3, 1, 2]}})",
             f"import pandas as pd\n{a} = pd.Series([3, 1, 2], name='s')"]  # fmt: skip
    if items:
        forms.append(f"import pandas as pd\n{a} = pd.DataFrame({items})")
    return w.draw.pick(forms)


def frame_use(w: Writer) -> str | None:
    path, a, n = w.path("F"), w.target(), w.expression("I", 1)
    series = w.path("SE")
    forms = []
    if path:
        name = w.draw.pick([p for p in w.paths("I") if p.isidentifier()] or ["one"])
        forms += [f"{path}['m'] = {n}", f"{path}['new'] = {path}['k'] * 2", f"{path}.loc[0, 'k'] = {n}", f"{path}.iloc[0] = {n}",
                  f"{path}.drop(columns='m', inplace=True, errors='ignore')", f"{path}.sort_values('k', inplace=True)",
                  f"{path}.rename(columns={{'k': 'm'}}, inplace=True)", f"{path}.insert(0, 'n', {n})", f"{path}.pop('m')",
                  f"del {path}['m']", f"{a} = {path}['k']", f"{a} = {path}[['k']]", f"{a} = {path}.copy()", f"{a} = {path}.head(2)",
                  f"{a} = {path}[{path}['k'] > 1]", f"{a} = int({path}['k'].sum())", f"{a} = {path}.groupby('k').sum()",
                  f"{a} = {path}.query('k > @{name}')", f"{a} = {path}.assign(z={n})", f"{path}.attrs['a'] = {n}",
                  f"{path}.columns = ['k', *{path}.columns[1:]]", f"{path}.index = range(len({path}))", f"print({path})",
                  f"for i, row in {path}.iterrows():\n    row['k'] = 9", f"{a} = {path}['k'].values", f"{a} = {path}.to_dict('list')",
                  f"{path}.at[0, 'k'] = {n}", f"{a} = {path}.set_index('k')", f"{path}.fillna(0, inplace=True)", f"{path}.k = {n}",
                  f"{path}[['k']] += 1", f"{path}['k'] += {n}", f"{path}.eval('w = k + 1', inplace=True)",
                  f"{path}.update({path} + 1)", f"{a} = {path}['k'].apply(lambda i: i + {n})", f"{a} = {path}.values"]  # fmt: skip
    if series:
        forms += [f"{series}[0] = {n}", f"{series} += 1", f"{a} = {series}[1:]", f"{a} = {series}.map(lambda i: i + {n})", f"{series}.name = 't'",
                  f"{a} = {series}.tolist()", f"print({series})", f"{series}.sort_values(inplace=True)", f"{series}.iloc[0] = {n}",
                  f"{a} = {series}.to_frame()", f"{a} = int({series}.sum())", f"{series}.index = range(len({series}))"]  # fmt: skip
    return w.draw.pick(forms) if forms else None


_FILES = ("'o.txt'", "'d/o.txt'", "'p.json'")


def file_use(w: Writer) -> str | None:
    a, n = w.target(), w.expression("I", 1)
    name = w.draw.pick(_FILES)
    text = f"str({n})"
    make = "import os\nos.makedirs('d', exist_ok=True)\n" if "/" in name else ""
    saver = w.world.fresh("f")
    w.world.signatures[saver] = Signature(("S",), "I")
    return w.draw.pick(
        (f"{make}open({name}, 'w').write({text})", f"{make}with open({name}, 'w') as fh:\n    fh.write({text})",
         f"{make}with open({name}, 'a') as fh:\n    fh.write({text})", f"{a} = open({name}).read()",
         f"with open({name}) as fh:\n    {a} = fh.read()", f"import os\n{a} = os.path.exists({name})",
         f"from pathlib import Path\nPath('o.txt').write_text({text})", f"from pathlib import Path\n{a} = Path('o.txt').read_text()",
         f"import json\nwith open('p.json', 'w') as fh:\n    json.dump([{n}], fh)", f"import json\n{a} = json.load(open('p.json'))",
         f"import os\nos.remove({name})", f"def {saver}(t):\n    return open('o.txt', 'w').write(t)",
         f"{a} = {name}\nopen({a}, 'w').write({text})", f"import os\n{a} = sorted(os.listdir('.'))",
         f"import pickle\npickle.dump({w.expression('LI', 1)}, open('o.txt', 'wb'))", f"import pickle\n{a} = pickle.load(open('o.txt', 'rb'))")
    )  # fmt: skip


def imported(w: Writer) -> str | None:
    a, n, items = w.target(), w.expression("I", 1), w.expression("LI", 1)
    name = w.world.fresh("f")
    w.world.signatures[name] = Signature((), "I")
    return w.draw.pick(
        (f"import math\n{a} = math.gcd({n}, 6)", f"from math import *\n{a} = floor({n} / 2)", f"import math as m\n{a} = m.ceil({n} / 3)",
         f"from collections import Counter\n{a} = dict(Counter('abba'))", f"import collections\n{a} = collections.defaultdict(list)\n{a}['k'].append({n})",
         f"from collections import OrderedDict as OD\n{a} = OD(k={n})", f"import itertools\n{a} = list(itertools.accumulate({items}))",
         f"from functools import reduce\n{a} = reduce(lambda i, j: i + j, {items}, 0)", f"import os.path\n{a} = os.path.join('a', 'b')",
         f"try:\n    import nothing_like_it as m\nexcept ImportError:\n    import math as m\n{a} = m.floor(2.5)",
         f"def {name}():\n    import math\n    return math.floor({n} / 2)", f"import json\n{a} = json.dumps({items})", "import math, json",
         f"from itertools import chain\n{a} = list(chain({items}, [1]))", f"import operator\n{a} = operator.add({n}, 1)",
         f"import heapq\n{a} = {items}\nheapq.heappush({a}, {n})", f"import bisect\n{a} = [1, 3]\nbisect.insort({a}, {n})",
         f"import statistics\n{a} = statistics.median([1, {n}, 3])", f"if {n} > 1:\n    import math as m\nelse:\n    import cmath as m",
         f"from decimal import Decimal\n{a} = str(Decimal({n}) / 3)", f"import itertools\n{a} = itertools.count({n})",
         f"import re\n{a} = re.sub('a', 'b', 'aba')", f"import types\n{a} = types.SimpleNamespace(n={n}, items={items})",
         "import weakref", f"import array\n{a} = array.array('i', {items})", f"import datetime\n{a} = datetime.date(2024, 1, 1 + {n} % 9)")
    )  # fmt: skip


def process_state(w: Writer) -> str | None:
    a, n = w.target(), w.draw.below(9)
    return w.draw.pick(
        (f"import os\nos.environ['KL_T'] = '{n}'", f"import os\n{a} = os.environ.get('KL_T')", f"import math\nmath.tau = {n}",
         f"import math\n{a} = math.tau", "import warnings\nwarnings.filterwarnings('ignore')", "import sys\nsys.setrecursionlimit(3000)",
         f"import decimal\ndecimal.getcontext().prec = {3 + n}", f"import decimal\n{a} = str(decimal.Decimal(1) / 3)",
         "import numpy as np\nnp.set_printoptions(precision=3)", "import pandas as pd\npd.set_option('display.max_rows', 5)",
         "import sys\nsys.path.append('somewhere')", "import os\nos.environ.pop('KL_T', None)", "import math as mm\nmm.e = 3\nprint(mm.e)")
    )  # fmt: skip


RANDOM: tuple[Template, ...] = (seed, draws, draws, draws, generator_object)
ARRAYS: tuple[Template, ...] = (array_new, array_view, array_view, array_change, array_change)
FRAMES: tuple[Template, ...] = (frame_new, frame_use, frame_use, frame_use)
FILES: tuple[Template, ...] = (file_use,)
IMPORTS: tuple[Template, ...] = (imported,)
STATE: tuple[Template, ...] = (process_state,)
