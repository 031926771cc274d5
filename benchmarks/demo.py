"""How ambiguous the built-in table is: plain baselines for each column alone and for all of them.

python -m benchmarks.demo
"""

from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
from PIL import Image, UnidentifiedImageError
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from benchmarks._features import Floats, hog, logmel, stretched
from sensorium.demo import table


def picture(path: Path) -> Floats | None:
    """The grey picture (H, W), or None where it cannot be read."""
    try:
        return np.asarray(Image.open(path).convert("L"), np.float64)
    except (UnidentifiedImageError, OSError):
        return None


def sound(path: Path) -> Floats | None:
    """Log-mel frames as one vector, or None where the file cannot be read."""
    try:
        wave, rate = soundfile.read(path)
    except (soundfile.LibsndfileError, OSError):
        return None
    frames = stretched(logmel(wave, rate, bands=32), 24)
    return np.asarray(frames - frames.mean()).ravel()


def features(frame: pd.DataFrame, folder: Path) -> dict[str, list[Floats | None]]:
    """For each column one vector a row, None where the cell is missing or broken."""
    pictures = [picture(folder / p) if isinstance(p, str) else None for p in frame["seen"]]
    sounds = [sound(folder / p) if isinstance(p, str) else None for p in frame["heard"]]
    seen = [None if p is None else np.append(hog(p[None])[0], p[::2, ::2].ravel() / 255) for p in pictures]
    words = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 5), sublinear_tf=True)
    words.fit(frame["read"][frame["split"] == "train"].dropna())
    text = [words.transform([t]).toarray()[0] if isinstance(t, str) else None for t in frame["read"]]
    trays = pd.get_dummies(frame["tray"]).to_numpy(float)
    rest = list(np.column_stack([frame["ink"].fillna(frame["ink"].mean()), trays]))
    return {"seen": seen, "heard": sounds, "read": text, "ink, tray": rest}


def models() -> dict[str, object]:
    """One plain learner for each column."""
    return {
        "seen": make_pipeline(StandardScaler(), SVC(C=3, gamma=0.0005, probability=True, random_state=0)),
        "heard": make_pipeline(StandardScaler(), SVC(C=3, gamma=0.0005, probability=True, random_state=0)),
        "read": LogisticRegression(C=30, max_iter=1000),
        "ink, tray": HistGradientBoostingClassifier(max_iter=30, random_state=0),
    }


def main() -> None:
    """Prints test accuracies, missing cells included (they get the prior)."""
    frame = pd.read_csv(table())
    digit = frame["digit"].to_numpy()
    train, test = (frame["split"] == "train").to_numpy(), (frame["split"] == "test").to_numpy()
    prior = np.bincount(digit[train], minlength=10) / train.sum()
    total = np.zeros((len(frame), 10))
    for name, vectors in features(frame, table().parent).items():
        known = np.array([v is not None for v in vectors])
        rows = np.stack([v for v in vectors if v is not None])
        model = models()[name]
        model.fit(rows[train[known]], digit[known & train])  # type: ignore[attr-defined]
        answers = np.tile(prior, (len(frame), 1))
        answers[known] = model.predict_proba(rows)  # type: ignore[attr-defined]
        total += np.log(answers + 1e-3) - np.log(prior)
        right = answers.argmax(1) == digit
        print(f"{name:10} all rows {right[test].mean():.3f}   present {right[test & known].mean():.3f}")
    print(f"{'together':10} all rows {(total.argmax(1) == digit)[test].mean():.3f}")


if __name__ == "__main__":
    main()
